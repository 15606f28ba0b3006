extension ScenePainter {
  /// Draws road, pavement and grass up to the horizon.
  mutating func paintGround() {
    let first = max(0, Int(horizon) + 1)
    if first >= canvas.height { return }
    for y in first..<canvas.height {
      let z = focal * SceneWorld.eye / (Float(y) + 0.5 - horizon)
      // Detail finer than a point would flicker.
      let detail = min(1, 22 / z)
      let clear = clearness(distance: z)
      let shadows = (reach(side: 0, z: z), reach(side: 1, z: z))
      for x in 0..<canvas.width where canvas.isEmpty(x, y) {
        let across = (Float(x) + 0.5 - vanishing) * z / focal
        var (colour, label) = surface(across, z, detail)
        let dark = world.sun < 0 ? across < -world.fronts[0] + shadows.0 : across > world.fronts[1] - shadows.1
        if dark { colour *= world.shade }
        canvas.put(x, y, seen(colour, clear: clear), label)
      }
    }
  }

  /// How far the shadow of a side's houses reaches over the ground.
  private func reach(side: Int, z: Float) -> Float { world.height(side: side, z: z + 0.8) * 0.42 }

  @inline(__always)
  private func surface(_ x: Float, _ z: Float, _ detail: Float) -> (SIMD3<Float>, UInt8) {
    if x > world.roadLeft && x < world.roadRight { return (road(x, z, detail), SceneClass.road) }
    if x > world.pavementLeft && x < world.pavementRight {
      let edge = min(abs(x - world.roadLeft), abs(x - world.roadRight))
      if edge < 0.16 { return (world.paving * 1.12, SceneClass.pavement) }
      let along = z / 0.9
      let slab = SceneNoise.cell(Int32(along), Int32((x * 1.25).rounded(.down)), world.key &+ 21)
      let joint: Float = (along - along.rounded(.down) < 0.1 || x * 1.25 - (x * 1.25).rounded(.down) < 0.08) ? 0.86 : 1
      let grain = SceneNoise.smooth(x * 9, z * 9, world.key &+ 22)
      return (world.paving * (1 + detail * (0.12 * (slab - 0.5) + (joint - 1) + 0.1 * (grain - 0.5))), SceneClass.pavement)
    }
    let blades = SceneNoise.smooth(x * 14, z * 5, world.key &+ 23)
    let patches = SceneNoise.smooth(x * 0.8, z * 0.5, world.key &+ 24)
    return (world.grass * (0.88 + detail * 0.4 * (blades - 0.5) + 0.28 * patches), SceneClass.vegetation)
  }

  @inline(__always)
  private func road(_ x: Float, _ z: Float, _ detail: Float) -> SIMD3<Float> {
    let grain = SceneNoise.smooth(x * 16, z * 10, world.key &+ 25)
    let patches = SceneNoise.smooth(x * 0.7, z * 0.22, world.key &+ 26)
    var colour = world.asphalt * (0.9 + detail * 0.2 * (grain - 0.5) + 0.2 * patches)
    let middle = (world.roadLeft + world.roadRight) * 0.5
    // Tyres polish two tracks in each lane.
    let lane = abs(abs(x - middle) - (world.roadRight - world.roadLeft) * 0.25)
    if abs(lane - 0.75) < 0.25 { colour *= 0.95 }
    let beat = z / 6 - (z / 6).rounded(.down)
    let paint = SIMD3<Float>(0.86, 0.86, 0.83)
    let gutter = min(x - world.roadLeft, world.roadRight - x)
    if (abs(x - middle) < 0.09 && (!world.dashed || beat < 0.5)) || (gutter > 0.28 && gutter < 0.4) {
      let worn = 0.75 + 0.25 * SceneNoise.smooth(x * 6, z * 3, world.key &+ 27)
      colour = colour * (1 - worn) + paint * worn
    }
    if gutter < 0.12 { colour *= 0.8 }
    return colour
  }

  /// Darkens the ground under a thing.
  mutating func paintShadow(of thing: SceneWorld.Thing) {
    let scale = focal / thing.z
    let half: Float
    switch thing.kind {
    case .car, .van: half = 1.15
    case .tree: half = 1.5
    case .cyclist: half = 0.8
    case .pedestrian, .box: half = 0.4
    default: half = 0.22
    }
    let centre = vanishing + (thing.x - world.sun * half * 0.5) * scale
    let base = horizon + SceneWorld.eye * scale
    let wide = half * thing.size * scale
    let flat = max(1, wide * 0.28 * min(1, 12 / thing.z))
    for y in canvas.rows(base - flat, base + flat) {
      for x in canvas.columns(centre - wide, centre + wide) {
        let dx = (Float(x) - centre) / wide
        let dy = (Float(y) - base) / flat
        let away = dx * dx + dy * dy
        let label = canvas.classes[y * canvas.width + x]
        let ground = label == SceneClass.road || label == SceneClass.pavement || (label == SceneClass.vegetation && Float(y) > horizon)
        if away < 1 && ground { canvas.colours[y * canvas.width + x] *= world.shade + (1 - world.shade) * away * away }
      }
    }
  }
}
