/// Draws a world onto a canvas: what hides everything behind it from near to far, so that no point is worked out twice, then the rest
/// from far to near.
struct ScenePainter {
  let world: SceneWorld
  var canvas: SceneCanvas
  /// Points a metre at a distance of one metre.
  let focal: Float
  /// Row of the horizon, in points.
  let horizon: Float
  /// Column of the vanishing point, in points.
  let vanishing: Float

  init(world: SceneWorld, width: Int, height: Int) {
    self.world = world
    canvas = SceneCanvas(imageWidth: width, imageHeight: height)
    focal = world.focal * Float(canvas.height)
    horizon = world.horizon * Float(canvas.height)
    vanishing = world.vanishing * Float(canvas.width)
  }

  /// Draws everything.
  mutating func paint() {
    for side in [1, 0] { paintSide(side) }
    paintHorizonHouses()
    paintGround()
    paintHills()
    paintSky()
    for fence in world.fences.sorted(by: { $0.near > $1.near }) { paint(fence) }
    for thing in world.things {
      paintShadow(of: thing)
      paint(thing)
    }
  }

  /// Draws things alone, and notes which points each of them shows: nothing else ever hides them.
  mutating func paintThings() {
    canvas.owners = [UInt16](repeating: 0, count: canvas.width * canvas.height)
    canvas.drawn = [Int](repeating: 0, count: world.things.count + 1)
    for (place, thing) in world.things.enumerated() {
      canvas.owner = UInt16(truncatingIfNeeded: place + 1)
      paint(thing)
    }
  }

  /// Light and the air between: what a colour looks like from a distance.
  @inline(__always)
  func seen(_ colour: SIMD3<Float>, distance z: Float) -> SIMD3<Float> {
    seen(colour, clear: clearness(distance: z))
  }

  /// The share of light that comes through the air from a distance.
  @inline(__always)
  func clearness(distance z: Float) -> Float { 1 / (1 + world.haze * z) }

  /// What a colour looks like through the air.
  @inline(__always)
  func seen(_ colour: SIMD3<Float>, clear: Float) -> SIMD3<Float> {
    colour * world.light * clear + world.skyLow * (1 - clear)
  }

  private mutating func paintSky() {
    for y in 0..<min(canvas.height, Int(horizon) + 2) {
      let t = Float(y) / max(1, horizon)
      let base = world.skyTop * (1 - t) + world.skyLow * t
      // Clouds lie on a plane above: the nearer to the horizon, the flatter.
      let depth = 1.15 - t
      let scale = 3 / (Float(canvas.height) * depth)
      for x in 0..<canvas.width where canvas.isEmpty(x, y) {
        let n = SceneNoise.layered((Float(x) - vanishing) * scale * 0.7, 4 / depth, world.key)
        let cover = max(0, min(1, (n - 0.78 + world.cloudiness * 0.5) * 4.5)) * (0.35 + 0.65 * (1 - t))
        let under = SceneNoise.smooth((Float(x) - vanishing) * scale * 1.1 + 0.3, 6 / depth + 0.5, world.key)
        let cloud = world.cloud * (1.04 - 0.22 * max(0, under - 0.4))
        canvas.put(x, y, base * (1 - cover) + cloud * cover, SceneClass.sky)
      }
    }
  }

  private mutating func paintHills() {
    for layer in [1, 0] {
      let distance: Float = layer == 0 ? 150 : 80
      let height = world.hill * Float(canvas.height) * (layer == 0 ? 1 : 0.55)
      let key = world.key &+ UInt32(40 + layer)
      for x in 0..<canvas.width {
        let u = Float(x) / Float(canvas.height)
        let profile = SceneNoise.smooth(u * 2.2, Float(layer) * 7, key) * 0.75 + SceneNoise.smooth(u * 9, 3, key) * 0.17
        let crest = horizon - height * (profile + SceneNoise.smooth(u * 55, 1, key) * 0.12)
        for y in canvas.rows(crest, horizon + 2) where canvas.isEmpty(x, y) {
          let mottle = SceneNoise.smooth(u * 60, Float(y) * 0.25, key &+ 5)
          canvas.put(x, y, seen(world.leaves * (0.8 + 0.45 * mottle), distance: distance), SceneClass.vegetation)
        }
      }
    }
  }

  private mutating func paintHorizonHouses() {
    let z: Float = 100
    let scale = focal / z
    var x: Float = -60
    var number: Int32 = 0
    while x < 60 {
      let width = 6 + 10 * SceneNoise.cell(number, 1, world.key)
      let tall = 4 + 13 * SceneNoise.cell(number, 2, world.key)
      let tone = SceneParameters.frontColours[Int(SceneNoise.cell(number, 3, world.key) * Float(SceneParameters.frontColours.count))]
      let stands = SceneNoise.cell(number, 4, world.key) < 0.7
      if stands {
        for column in canvas.columns(vanishing + x * scale, vanishing + (x + width) * scale) {
          for row in canvas.rows(horizon - (tall - SceneWorld.eye) * scale, horizon + SceneWorld.eye * scale)
          where canvas.isEmpty(column, row) {
            let window = (column / 2) % 3 == 0 && (row / 2) % 3 == 0
            canvas.put(column, row, seen(tone * (window ? 0.72 : 1), distance: z), SceneClass.building)
          }
        }
      }
      x += width + 1.5
      number += 1
    }
  }
}
