import Tensors

/// Random numbers of one scene, one after the other, and noise over the plane.
///
/// Nothing here or in the drawing uses functions that differ between mathematics libraries: a scene has the same bytes everywhere.
struct SceneRandom {
  private let random: CounterRandom
  private var index = 0
  /// The key of this scene's noise.
  let key: UInt32

  init(seed: UInt64, split: Int, sample: Int) {
    random = CounterRandom(seed: seed, purpose: .synthesis, epoch: split, sample: sample)
    key = UInt32(truncatingIfNeeded: random.bits(1 << 30))
  }

  /// Uniform in [0, 1).
  mutating func unit() -> Float {
    index += 1
    // 24 bits, so that rounding cannot give 1.
    return Float(random.bits(index) >> 40) * 0x1p-24
  }

  /// Uniform in a range.
  mutating func within(_ range: ClosedRange<Float>) -> Float { range.lowerBound + (range.upperBound - range.lowerBound) * unit() }

  /// A whole number in `0...maximum`.
  mutating func integer(upTo maximum: Int) -> Int {
    index += 1
    return random.integer(index, below: maximum + 1)
  }

  /// True with a probability.
  mutating func chance(_ probability: Float) -> Bool { unit() < probability }

  /// One of several colours, a little changed.
  mutating func colour(_ colours: [SIMD3<Float>], spread: Float = 0.05) -> SIMD3<Float> {
    let picked = colours.isEmpty ? SIMD3(repeating: 0.5) : colours[integer(upTo: colours.count - 1)]
    let light = within(-spread...spread)
    return picked + light + SIMD3(within(-0.02...0.02), within(-0.02...0.02), within(-0.02...0.02))
  }
}

/// Noise over the plane, a function of position and key.
enum SceneNoise {
  /// Uniform in [0, 1) for a cell.
  @inline(__always)
  static func cell(_ x: Int32, _ y: Int32, _ key: UInt32) -> Float {
    var h = UInt32(bitPattern: x) &* 0x9E37_79B1 ^ UInt32(bitPattern: y) &* 0x85EB_CA77 ^ key
    h = (h ^ h >> 15) &* 0x2C1B_3C6D
    h = (h ^ h >> 12) &* 0x297A_2D39
    h ^= h >> 15
    return Float(h >> 8) * 0x1p-24
  }

  /// `cell` for several keys at once.
  @inline(__always)
  static func cells(_ x: Int32, _ y: Int32, _ keys: SIMD4<UInt32>) -> SIMD4<Float> {
    let place = UInt32(bitPattern: x) &* 0x9E37_79B1 ^ UInt32(bitPattern: y) &* 0x85EB_CA77
    return scrambled(SIMD4(repeating: place) ^ keys)
  }

  @inline(__always)
  private static func scrambled(_ bits: SIMD4<UInt32>) -> SIMD4<Float> {
    var h = bits
    h = (h ^ h &>> 15) &* 0x2C1B_3C6D
    h = (h ^ h &>> 12) &* 0x297A_2D39
    h ^= h &>> 15
    return SIMD4<Float>(SIMD4<Int32>(truncatingIfNeeded: h &>> 8)) * 0x1p-24
  }

  /// Smooth noise in [0, 1): cells of size 1, blended.
  @inline(__always)
  static func smooth(_ x: Float, _ y: Float, _ key: UInt32) -> Float {
    let fx = x.rounded(.down)
    let fy = y.rounded(.down)
    let ix = Int32(max(-1e8, min(1e8, fx)))
    let iy = Int32(max(-1e8, min(1e8, fy)))
    var u = x - fx
    var v = y - fy
    u = u * u * (3 - 2 * u)
    v = v * v * (3 - 2 * v)
    // The four corners at once; the same numbers as from `cell`.
    let left = UInt32(bitPattern: ix) &* 0x9E37_79B1
    let right = left &+ 0x9E37_79B1
    let upper = UInt32(bitPattern: iy) &* 0x85EB_CA77
    let lower = (upper &+ 0x85EB_CA77) ^ key
    let corners = scrambled(SIMD4(left, right, left, right) ^ SIMD4(upper ^ key, upper ^ key, lower, lower))
    let top = corners.x * (1 - u) + corners.y * u
    let bottom = corners.z * (1 - u) + corners.w * u
    return top * (1 - v) + bottom * v
  }

  /// Four octaves of smooth noise in [0, 1).
  static func layered(_ x: Float, _ y: Float, _ key: UInt32) -> Float {
    smooth(x, y, key) * 0.53 + smooth(x * 2.1, y * 2.1, key &+ 1) * 0.27 + smooth(x * 4.3, y * 4.3, key &+ 2) * 0.13
      + smooth(x * 8.7, y * 8.7, key &+ 3) * 0.07
  }
}
