extension SceneWorld {
  /// Draws lots for a scene.
  init(_ r: inout SceneRandom, parameters p: SceneParameters) {
    key = r.key
    horizon = r.within(0.36...0.5)
    vanishing = r.within(0.36...0.64)
    focal = r.within(0.85...1.15)
    roadRight = r.within(1.8...3.2)
    roadLeft = -r.within(3.6...6)
    pavementRight = roadRight + r.within(1.3...2.6)
    pavementLeft = roadLeft - r.within(1.3...2.6)
    fronts = [-pavementLeft + r.within(0.2...3.5), pavementRight + r.within(0.2...3.5)]
    dashed = r.chance(0.7)

    let mood = r.unit()
    if mood < 0.5 {
      (skyTop, skyLow, cloud) = (SIMD3(0.3, 0.52, 0.83), SIMD3(0.74, 0.85, 0.94), SIMD3(0.97, 0.97, 0.98))
      (light, shade, cloudiness) = (SIMD3(1.05, 1.02, 0.95), 0.6, r.within(0.25...0.6))
    } else if mood < 0.8 {
      (skyTop, skyLow, cloud) = (SIMD3(0.62, 0.66, 0.71), SIMD3(0.8, 0.81, 0.83), SIMD3(0.88, 0.88, 0.89))
      (light, shade, cloudiness) = (SIMD3(0.87, 0.89, 0.92), 0.86, r.within(0.5...0.9))
    } else {
      (skyTop, skyLow, cloud) = (SIMD3(0.36, 0.42, 0.66), SIMD3(0.96, 0.74, 0.52), SIMD3(0.95, 0.78, 0.68))
      (light, shade, cloudiness) = (SIMD3(1.06, 0.9, 0.74), 0.62, r.within(0.25...0.6))
    }
    sun = r.chance(0.5) ? 1 : -1
    haze = r.within(0.002...0.012)
    asphalt = SIMD3(repeating: r.within(0.27...0.42)) + SIMD3(0, 0.003, 0.012)
    paving = r.colour([SIMD3(0.6, 0.57, 0.53), SIMD3(0.54, 0.54, 0.54), SIMD3(0.62, 0.52, 0.46)])
    grass = r.colour([SIMD3(0.34, 0.45, 0.2), SIMD3(0.42, 0.47, 0.24), SIMD3(0.28, 0.41, 0.19)])
    leaves = r.colour([SIMD3(0.22, 0.37, 0.16), SIMD3(0.3, 0.42, 0.17), SIMD3(0.36, 0.36, 0.14), SIMD3(0.18, 0.33, 0.2)])
    hill = r.within(0.03...0.14)
    sides = []
    fences = []
    things = []
    for side in 0..<2 { sides.append(SceneWorld.side(&r, parameters: p, tint: side)) }
    addFences(&r, p)
    addThings(&r, p)
    things.sort { $0.z > $1.z }
  }

  private static func side(_ r: inout SceneRandom, parameters p: SceneParameters, tint: Int) -> [Stretch] {
    var stretches: [Stretch] = []
    var z = r.within(1...5)
    let density = r.within(0.55...0.95)
    while z < 95 {
      let length = r.within(6...16)
      let house = r.chance(density)
      let kind: Stretch.Kind = house ? .house : (r.chance(0.5) ? .hedge : .open)
      stretches.append(
        Stretch(
          kind: kind, near: z, far: z + length, height: house ? r.within(4.5...13) : r.within(1.1...2.3),
          colour: r.colour(SceneParameters.frontColours), windowColour: r.colour([SIMD3(0.2, 0.25, 0.31), SIMD3(0.3, 0.36, 0.42)]),
          trim: r.colour([SIMD3(0.85, 0.84, 0.8), SIMD3(0.35, 0.3, 0.27), SIMD3(0.6, 0.58, 0.55)]),
          windowPitch: r.within(1.7...3.2), storey: r.within(2.7...3.4), windowShare: r.within(0.35...0.62), brick: r.chance(0.5),
          shop: r.chance(0.45), shopSign: r.chance(p.shopSignProbability), poster: r.chance(p.posterProbability),
          key: r.key &+ UInt32(stretches.count * 64 + tint * 31)))
      z += length + (r.chance(0.35) ? r.within(1...5) : 0)
    }
    return stretches
  }

  private mutating func addFences(_ r: inout SceneRandom, _ p: SceneParameters) {
    for side in 0..<2 where r.chance(p.fenceProbability) {
      let near = r.within(4...14)
      let edge = side == 0 ? pavementLeft : pavementRight
      fences.append(
        Fence(
          x: edge + (side == 0 ? -0.1 : 0.1), near: near, far: near + r.within(8...26), height: r.within(0.9...1.5),
          colour: r.colour([SIMD3(0.5, 0.38, 0.26), SIMD3(0.28, 0.31, 0.3), SIMD3(0.78, 0.77, 0.74), SIMD3(0.36, 0.42, 0.36)]),
          bars: r.chance(0.7)))
    }
  }

  private mutating func addThings(_ r: inout SceneRandom, _ p: SceneParameters) {
    for _ in 0..<r.integer(upTo: p.treeMaximum) {
      let left = r.chance(0.5)
      let x = left ? pavementLeft - r.within(0...1.5) : pavementRight + r.within(0...1.5)
      add(.tree, x, r.within(9...45), r.within(0.75...1.3), leaves + r.within(-0.04...0.04), SIMD3(0.3, 0.23, 0.17), &r)
    }
    for _ in 0...r.integer(upTo: p.poleMaximum - 1) {
      let left = r.chance(0.5)
      let x = left ? roadLeft - 0.35 : roadRight + 0.35
      let lamp = r.chance(0.65)
      let metal = r.colour([SIMD3(0.42, 0.44, 0.45), SIMD3(0.3, 0.33, 0.31), SIMD3(0.58, 0.59, 0.6)])
      add(
        lamp ? .lampPost : .mast, x, r.within(7...38), r.within(0.85...1.15), lamp ? metal : SIMD3(0.38, 0.3, 0.23), metal, &r,
        facing: left ? 1 : -1)
    }
    for _ in 0..<r.integer(upTo: p.carMaximum) {
      let lane = r.unit()
      let x = lane < 0.4 ? roadLeft * 0.5 : (lane < 0.6 ? 0.1 : (lane < 0.8 ? roadLeft + 0.95 : roadRight - 0.95))
      let depth = lane >= 0.4 && lane < 0.6 ? r.within(11...40) : r.within(7...40)
      add(
        r.chance(0.2) ? .van : .car, x, depth, r.within(0.95...1.1), r.colour(SceneParameters.sharedColours), SIMD3(0.16, 0.2, 0.24), &r,
        facing: lane < 0.4 ? -1 : 1)
    }
    if r.chance(p.boxProbability) {
      let x = r.chance(0.5) ? roadLeft - r.within(0.5...1.1) : roadRight + r.within(0.5...1.1)
      add(.box, x, r.within(7...16), r.within(0.85...1.15), r.colour(SceneParameters.sharedColours), SIMD3(0.2, 0.2, 0.2), &r)
    }
    if r.chance(p.signProbability) {
      for _ in 0...r.integer(upTo: p.signMaximum - 1) {
        let x = r.chance(0.4) ? roadLeft - 0.5 : roadRight + 0.5
        add(.sign, x, r.within(p.signDepth), r.within(0.9...1.15), SIMD3(0.75, 0.13, 0.12), SIMD3(0.5, 0.52, 0.53), &r)
      }
    }
    if r.chance(p.pedestrianProbability) {
      for _ in 0...r.integer(upTo: p.pedestrianMaximum - 1) {
        let place = r.unit()
        let x =
          place < 0.45
          ? r.within(pavementLeft + 0.3...roadLeft - 0.3)
          : (place < 0.9 ? r.within(roadRight + 0.3...pavementRight - 0.3) : r.within(roadLeft...roadRight))
        add(
          .pedestrian, x, r.within(p.pedestrianDepth), r.within(0.88...1.08), r.colour(SceneParameters.sharedColours),
          r.colour(SceneParameters.darkColours), &r)
      }
    }
    if r.chance(p.cyclistProbability) {
      let x = r.chance(0.5) ? r.within(roadLeft + 0.4...roadLeft + 1.6) : r.within(roadRight - 1.5...roadRight - 0.2)
      add(
        .cyclist, x, r.within(p.cyclistDepth), r.within(0.95...1.1), r.colour(SceneParameters.sharedColours),
        r.colour(SceneParameters.sharedColours), &r)
    }
  }

  private mutating func add(
    _ kind: Thing.Kind, _ x: Float, _ z: Float, _ size: Float, _ main: SIMD3<Float>, _ second: SIMD3<Float>, _ r: inout SceneRandom,
    facing: Float? = nil
  ) {
    let chosen: Float = r.chance(0.5) ? 1 : -1
    things.append(
      Thing(
        kind: kind, x: x, z: z, size: size, main: main, second: second, facing: facing ?? chosen, variant: r.unit(),
        key: r.key &+ UInt32(things.count * 101 + 7)))
  }
}
