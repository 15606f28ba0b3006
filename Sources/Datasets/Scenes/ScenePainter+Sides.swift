extension ScenePainter {
  /// Draws the houses and hedges of one side, from near to far.
  mutating func paintSide(_ side: Int) {
    let front = side == 0 ? -world.fronts[0] : world.fronts[1]
    for stretch in world.sides[side] where stretch.kind != .open {
      paintFront(stretch, front: front, side: side)
      paintGable(stretch, front: front, side: side)
    }
  }

  /// The face along the street.
  private mutating func paintFront(_ stretch: SceneWorld.Stretch, front: Float, side: Int) {
    let near = vanishing + front * focal / stretch.near
    let far = vanishing + front * focal / stretch.far
    let lit: Float = (side == 0) == (world.sun > 0) ? 1.06 : 0.84
    for x in canvas.columns(min(near, far), max(near, far)) {
      let offset = Float(x) + 0.5 - vanishing
      if abs(offset) < 0.5 { continue }
      let z = front * focal / offset
      let scale = focal / z
      for y in canvas.rows(horizon - (stretch.height - SceneWorld.eye) * scale, horizon + SceneWorld.eye * scale)
      where canvas.isEmpty(x, y) {
        let up = (horizon - Float(y)) / scale + SceneWorld.eye
        paintPoint(x, y, stretch, along: z - stretch.near, length: stretch.far - stretch.near, up: up, z: z, lit: lit)
      }
    }
  }

  /// The face towards the camera.
  private mutating func paintGable(_ stretch: SceneWorld.Stretch, front: Float, side: Int) {
    let z = stretch.near
    let scale = focal / z
    let depth: Float = stretch.kind == .hedge ? 1 : 9
    let edges = [vanishing + front * scale, vanishing + (front + (side == 0 ? -depth : depth)) * scale]
    for x in canvas.columns(min(edges[0], edges[1]), max(edges[0], edges[1])) {
      let along = abs((Float(x) + 0.5 - vanishing) / scale - front)
      for y in canvas.rows(horizon - (stretch.height - SceneWorld.eye) * scale, horizon + SceneWorld.eye * scale)
      where canvas.isEmpty(x, y) {
        let up = (horizon - Float(y)) / scale + SceneWorld.eye
        paintPoint(x, y, stretch, along: along, length: depth, up: up, z: z, lit: 0.93)
      }
    }
  }

  @inline(__always)
  private mutating func paintPoint(
    _ x: Int, _ y: Int, _ stretch: SceneWorld.Stretch, along: Float, length: Float, up: Float, z: Float, lit: Float
  ) {
    if stretch.kind == .hedge {
      let leaf = SceneNoise.smooth(along * 8, up * 8, stretch.key)
      let clump = SceneNoise.smooth(along * 2, up * 2, stretch.key &+ 1)
      if up > stretch.height * (0.86 + 0.14 * clump) { return }
      let colour = world.leaves * (0.72 + 0.4 * leaf + 0.25 * clump) * lit
      canvas.put(x, y, seen(colour, distance: z), SceneClass.vegetation)
    } else {
      let colour = houseColour(stretch, along: along, length: length, up: up, z: z) * lit
      canvas.put(x, y, seen(colour, distance: z), SceneClass.building)
    }
  }

  private func houseColour(_ s: SceneWorld.Stretch, along: Float, length: Float, up: Float, z: Float) -> SIMD3<Float> {
    let stain = SceneNoise.smooth(along * 0.7, up * 0.4, s.key)
    let detail = min(1, 16 / z)
    var wall = s.colour * (0.9 + 0.2 * stain)
    if s.brick {
      let course = up * 4
      let row = course.rounded(.down)
      let stone = SceneNoise.cell(Int32((along * 2 + row * 0.5).rounded(.down)), Int32(row), s.key &+ 1)
      wall *= 1 + detail * (0.16 * (stone - 0.5) - (course - row < 0.18 ? 0.1 : 0))
    }
    if up > s.height - 0.35 { return s.trim * 0.9 }
    if up < 0.35 { return wall * 0.72 }
    if s.shop && up < s.storey { return shopColour(s, along: along, length: length, up: up, wall: wall) }
    if up < 2.15, let door = doorColour(s, along: along, length: length, up: up) { return door }

    let column = along / s.windowPitch
    let level = (up - 0.3) / s.storey
    let u = column - column.rounded(.down) - 0.5
    let v = level - level.rounded(.down) - 0.52
    let half = s.windowShare * 0.5
    // No half windows at the corner or under the roof.
    let whole = (column.rounded(.down) + 1) * s.windowPitch <= length && (level.rounded(.down) + 1) * s.storey + 0.3 < s.height
    if whole && abs(u) < half + 0.05 && abs(v) < 0.31 {
      if abs(u) > half || abs(v) > 0.27 { return s.trim }
      if abs(u) < 0.02 { return s.trim * 0.8 }
      let light = SceneNoise.cell(Int32(column), Int32(level), s.key &+ 2)
      let glass = s.windowColour * (0.75 + 0.5 * light) + world.skyLow * (0.1 + 0.22 * (v + 0.3))
      return light > 0.9 ? glass * 0.4 + SIMD3(0.6, 0.52, 0.33) : glass
    }
    return wall
  }

  /// Doors and posters: as high as people, in the colours that people wear.
  private func doorColour(_ s: SceneWorld.Stretch, along: Float, length: Float, up: Float) -> SIMD3<Float>? {
    let cell = along / 2.6
    let number = Int32(cell.rounded(.down))
    let dice = SceneNoise.cell(number, 5, s.key &+ 3)
    guard s.poster, dice < 0.55, (Float(number) + 1) * 2.6 <= length else { return nil }
    let u = cell - Float(number) - 0.5
    guard abs(u) < 0.19, up > 0.3, up < 2.1 else { return nil }
    let colours = SceneParameters.sharedColours
    let tone = colours[Int(SceneNoise.cell(number, 6, s.key &+ 3) * Float(colours.count))]
    // A head-high pane and a lower panel, like the parts of a figure.
    if up > 1.6 && abs(u) < 0.09 { return SIMD3(0.72, 0.56, 0.46) }
    if up < 0.95 { return tone * 0.55 }
    return tone
  }

  private func shopColour(_ s: SceneWorld.Stretch, along: Float, length: Float, up: Float, wall: SIMD3<Float>) -> SIMD3<Float> {
    let colours = SceneParameters.sharedColours
    let tone = colours[Int(SceneNoise.cell(2, 8, s.key &+ 4) * Float(colours.count))]
    let board = s.storey - 0.75
    if up > board {
      if s.shopSign {
        // A round emblem with a rim, as traffic signs have it, but flat on the board.
        let u = along - length * 0.5
        let v = up - board - 0.37
        let away = u * u + v * v
        if away < 0.05 { return SIMD3(0.88, 0.87, 0.85) }
        if away < 0.13 { return SceneNoise.cell(3, 8, s.key) < 0.5 ? SIMD3(0.75, 0.13, 0.12) : SIMD3(0.13, 0.27, 0.62) }
      }
      return tone
    }
    let cell = along / 2.2
    let u = cell - cell.rounded(.down)
    if u < 0.09 || up < 0.7 { return wall * 0.85 }
    let goods = SceneNoise.smooth(along * 3, up * 3, s.key &+ 6)
    let shelf = colours[Int(SceneNoise.cell(Int32(along * 2.5), Int32(up * 3), s.key &+ 7) * Float(colours.count))]
    return s.windowColour * (0.9 + 0.3 * goods) + shelf * 0.18
  }

  /// Draws a fence; the gaps between its bars belong to it.
  mutating func paint(_ fence: SceneWorld.Fence) {
    let near = vanishing + fence.x * focal / fence.near
    let far = vanishing + fence.x * focal / fence.far
    for x in canvas.columns(min(near, far), max(near, far)) {
      let offset = Float(x) + 0.5 - vanishing
      if abs(offset) < 0.5 { continue }
      let z = fence.x * focal / offset
      let scale = focal / z
      let post = z / 2.4 - (z / 2.4).rounded(.down) < 0.07
      let bar = fence.bars && z * 3.2 - (z * 3.2).rounded(.down) < 0.5
      let top = fence.height + (post ? 0.12 : 0)
      for y in canvas.rows(horizon - (top - SceneWorld.eye) * scale, horizon + SceneWorld.eye * scale) {
        let up = (horizon - Float(y)) / scale + SceneWorld.eye
        let rail = abs(up - fence.height * 0.88) < 0.08 || abs(up - fence.height * 0.3) < 0.08
        let slat = !fence.bars && up * 4 - (up * 4).rounded(.down) < 0.72
        let solid: Float = post || rail || bar || slat ? 1 : 0.3
        let tone = fence.colour * (post ? 0.85 : (rail ? 1.1 : 1))
        canvas.blend(x, y, seen(tone, distance: z), solid, SceneClass.fence)
      }
    }
  }
}
