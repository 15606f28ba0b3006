extension ScenePainter {
  /// A point of a thing: its colour, how much it hides, and its class.
  struct Mark {
    var colour: SIMD3<Float>
    var opacity: Float = 1
    var label: UInt8
  }

  /// Draws a thing upright on the ground.
  mutating func paint(_ thing: SceneWorld.Thing) {
    let scale = focal / thing.z * thing.size
    let base = horizon + SceneWorld.eye * focal / thing.z
    let centre = vanishing + thing.x * focal / thing.z
    let (half, top) = ScenePainter.extent(thing.kind)
    // Thin parts keep a width of a pixel, as long as they are seen at all.
    let thin = Float(SceneCanvas.density) * 0.55 / scale
    let crown = thing.kind == .tree ? ScenePainter.crown(thing) : []
    for y in canvas.rows(base - top * scale, base) {
      let v = (base - Float(y) - 0.5) / scale
      for x in canvas.columns(centre - half * scale, centre + half * scale) {
        let u = (Float(x) + 0.5 - centre) / scale * thing.facing
        guard let mark = ScenePainter.mark(thing, u, v, thin, crown) else { continue }
        // Rounded bodies: the side towards the sun is lighter.
        let side = 1 + 0.12 * world.sun * thing.facing * max(-1, min(1, u / half))
        canvas.blend(x, y, seen(mark.colour * side, distance: thing.z), mark.opacity, mark.label)
      }
    }
  }

  /// Half the width and the height of a kind of thing, in metres.
  private static func extent(_ kind: SceneWorld.Thing.Kind) -> (half: Float, top: Float) {
    switch kind {
    case .tree: return (2.6, 6.2)
    case .lampPost, .mast: return (1.6, 6.2)
    case .sign: return (0.6, 3.1)
    case .car: return (1, 1.6)
    case .van: return (1.05, 2.3)
    case .pedestrian: return (0.6, 1.85)
    case .cyclist: return (1, 1.9)
    case .box: return (0.45, 1.3)
    }
  }

  private static func mark(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float, _ thin: Float, _ crown: [SIMD3<Float>]) -> Mark? {
    switch thing.kind {
    case .tree: return tree(thing, u, v, crown)
    case .lampPost: return lampPost(thing, u, v, thin)
    case .mast: return mast(thing, u, v, thin)
    case .sign: return sign(thing, u, v, thin)
    case .car: return car(thing, u, v)
    case .van: return van(thing, u, v)
    case .pedestrian: return pedestrian(thing, u, v)
    case .cyclist: return cyclist(thing, u, v)
    case .box: return box(thing, u, v)
    }
  }

  /// Squared distance from a point to a line between two others.
  @inline(__always)
  static func distance2(_ u: Float, _ v: Float, _ au: Float, _ av: Float, _ bu: Float, _ bv: Float) -> Float {
    let (du, dv) = (bu - au, bv - av)
    let t = max(0, min(1, ((u - au) * du + (v - av) * dv) / (du * du + dv * dv)))
    let (ru, rv) = (u - au - t * du, v - av - t * dv)
    return ru * ru + rv * rv
  }

  /// The round parts of a tree's crown: centre across and up, and squared radius.
  private static func crown(_ thing: SceneWorld.Thing) -> [SIMD3<Float>] {
    (0..<6).map { (blob: Int32) in
      let radius = 0.8 + 0.6 * SceneNoise.cell(blob, 3, thing.key)
      return SIMD3(
        (SceneNoise.cell(blob, 1, thing.key) - 0.5) * 2.3, 3 + SceneNoise.cell(blob, 2, thing.key) * 1.9, radius * radius)
    }
  }

  /// Whether a point lies in a crown, whose edge is ragged.
  private static func isInside(_ crown: [SIMD3<Float>], _ u: Float, _ v: Float, _ key: UInt32) -> Bool {
    var inside: Float = -1
    for blob in crown {
      let (du, dv) = (u - blob.x, v - blob.y)
      inside = max(inside, 1 - (du * du + dv * dv) / blob.z)
    }
    if inside + 0.2 <= 0 { return false }
    let ragged = 0.35 * SceneNoise.smooth(u * 4, v * 4, key) + 0.2 * SceneNoise.smooth(u * 11, v * 11, key &+ 1)
    return inside - ragged + 0.2 > 0
  }

  private static func tree(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float, _ crown: [SIMD3<Float>]) -> Mark? {
    if isInside(crown, u, v, thing.key) {
      let leaf = SceneNoise.smooth(u * 9, v * 9, thing.key &+ 2)
      let clump = SceneNoise.smooth(u * 2.5, v * 2.5, thing.key &+ 3)
      return Mark(colour: thing.main * (0.55 + 0.5 * leaf + 0.35 * clump + 0.06 * (v - 3)), label: SceneClass.vegetation)
    }
    if v < 3 && abs(u) < 0.13 + max(0, 0.3 - v) * 0.3 {
      return Mark(colour: thing.second * (0.85 + 0.3 * SceneNoise.smooth(u * 20, v * 3, thing.key)), label: SceneClass.vegetation)
    }
    return nil
  }

  private static func lampPost(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float, _ thin: Float) -> Mark? {
    let half = max(thin, v < 0.7 ? 0.11 : 0.07)
    if v < 5.6 && abs(u) < half { return Mark(colour: thing.main * (u < 0 ? 1.1 : 0.85), label: SceneClass.pole) }
    if u >= 0 && u < 1.2 && abs(v - 5.5 - u * 0.1) < max(thin, 0.06) { return Mark(colour: thing.main, label: SceneClass.pole) }
    if u > 0.9 && u < 1.5 && abs(v - 5.6) < max(thin, 0.1) { return Mark(colour: SIMD3(0.85, 0.85, 0.8), label: SceneClass.pole) }
    return nil
  }

  private static func mast(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float, _ thin: Float) -> Mark? {
    if v < 6 && abs(u) < max(thin, 0.1) {
      return Mark(colour: thing.main * (0.85 + 0.3 * SceneNoise.smooth(u * 9, v * 4, thing.key)), label: SceneClass.pole)
    }
    if abs(v - 5.4) < max(thin, 0.07) && abs(u) < 0.8 { return Mark(colour: thing.main * 0.9, label: SceneClass.pole) }
    return nil
  }

  private static func sign(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float, _ thin: Float) -> Mark? {
    let w = v - 2.5
    let away = u * u + w * w
    let red = SIMD3<Float>(0.75, 0.13, 0.12)
    let white = SIMD3<Float>(0.88, 0.87, 0.85)
    let blue = SIMD3<Float>(0.13, 0.27, 0.62)
    let yellow = SIMD3<Float>(0.86, 0.69, 0.14)
    let radius: Float = 0.48
    if thing.variant < 0.4 {
      if away < radius * radius {
        let ring = away > 0.56 * radius * radius
        let bar = abs(w) < 0.09 && abs(u) < 0.26
        return Mark(colour: ring ? red : (bar ? SIMD3(0.12, 0.12, 0.13) : white), label: SceneClass.sign)
      }
    } else if thing.variant < 0.65 {
      // A triangle on its base.
      let rise = w + 0.42
      let half = (0.86 - rise) * 0.6
      if rise > 0 && rise < 0.86 && abs(u) < half {
        let rim = rise < 0.13 || abs(u) > half - 0.15
        return Mark(colour: rim ? red : (abs(u) < 0.06 ? SIMD3(0.12, 0.12, 0.13) : white), label: SceneClass.sign)
      }
    } else if thing.variant < 0.85 {
      if max(abs(u), abs(w)) < 0.42 {
        let arrow = abs(u) < 0.07 && abs(w) < 0.28 || (w > 0.05 && w < 0.28 && abs(u) < 0.28 - w)
        return Mark(colour: arrow ? white : blue, label: SceneClass.sign)
      }
    } else if abs(u) + abs(w) < 0.56 {
      let edge = abs(u) + abs(w) > 0.42
      return Mark(colour: edge ? white : yellow, label: SceneClass.sign)
    }
    if v < 2.5 && abs(u) < max(thin, 0.045) { return Mark(colour: thing.second, label: SceneClass.pole) }
    return nil
  }

  private static func box(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float) -> Mark? {
    guard abs(u) < 0.32, v < 1.2 else { return nil }
    if v > 1.08 || v < 0.08 { return Mark(colour: thing.main * 0.6, label: SceneClass.none) }
    if abs(v - 0.85) < 0.05 && abs(u) < 0.2 { return Mark(colour: thing.second, label: SceneClass.none) }
    return Mark(colour: thing.main * (u < 0 ? 1.05 : 0.85), label: SceneClass.none)
  }
}
