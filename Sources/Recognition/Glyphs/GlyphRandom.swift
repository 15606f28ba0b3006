import Tensors

/// Random numbers of one glyph image, one after the other.
///
/// Nothing here or in the drawing uses functions that differ between mathematics libraries: an image has the same bytes everywhere.
struct GlyphRandom {
  private let random: CounterRandom
  private var index = 0

  /// - Parameters:
  ///   - stream: apart from those of other drawn data sets.
  ///   - sample: which image, or which class.
  init(seed: UInt64, stream: Int, sample: Int) {
    random = CounterRandom(seed: seed, purpose: .synthesis, epoch: 0x476C_0000 | stream, sample: sample)
  }

  /// Uniform in [0, 1).
  mutating func unit() -> Float {
    index += 1
    // 24 bits, so that rounding cannot give 1.
    return Float(random.bits(index) >> 40) * 0x1p-24
  }

  /// Uniform in a range.
  mutating func within(_ range: ClosedRange<Float>) -> Float { range.lowerBound + (range.upperBound - range.lowerBound) * unit() }

  /// Uniform in `-spread...spread`.
  mutating func around(_ spread: Float) -> Float { (2 * unit() - 1) * spread }

  /// A whole number in `0..<bound`.
  mutating func integer(below bound: Int) -> Int {
    index += 1
    return random.integer(index, below: bound)
  }

  /// True with a probability.
  mutating func chance(_ probability: Float) -> Bool { unit() < probability }

  /// A colour whose channels differ by at most `tint` from a common light.
  mutating func colour(light: Float, tint: Float) -> SIMD3<Float> {
    SIMD3(light + around(tint), light + around(tint), light + around(tint))
  }
}
