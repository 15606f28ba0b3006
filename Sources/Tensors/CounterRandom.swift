/// Randomness as a function: Philox 4x32 with ten rounds, keyed by a seed and a purpose, indexed by counters.
///
/// Nothing is stored between draws, so nothing has to be saved, fast-forwarded or split over ranks:
/// the number for (seed, purpose, epoch, sample, draw) is the same whoever asks, in whatever order.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct CounterRandom: Sendable, Hashable {
  /// What the numbers are used for; different purposes never share numbers.
  public enum Purpose: UInt32, Sendable {
    /// Initial parameters.
    case initialization = 1
    /// The order of samples in an epoch.
    case order = 2
    /// Augmentation of a sample.
    case augmentation = 3
    /// Dropout masks.
    case dropout = 4
    /// Noise that a loss adds.
    case objective = 5
    /// Data sets that are drawn instead of read.
    case synthesis = 6
    /// Everything that only tests and benchmarks use.
    case testing = 7
    /// Which samples a sampler draws, and how often.
    case sampling = 16
    /// Which samples are held out, and which fold a sample is in.
    case splitting = 17
    /// Which anchors and proposals of an image train a detector.
    case regions = 18
    /// Which configurations a search tries.
    case search = 32
  }

  private let key: (UInt32, UInt32)
  private let stream: (UInt32, UInt32)

  /// The numbers of one stream.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for.
  ///   - epoch: the epoch, or 0.
  ///   - sample: the sample's index, or 0. The lower 32 bits count.
  public init(seed: UInt64, purpose: Purpose, epoch: Int = 0, sample: Int = 0) {
    let mixed = seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(purpose.rawValue)
    key = (UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    stream = (UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: epoch))
  }

  /// Four independent 32-bit numbers for one counter value.
  @inline(__always)
  public func block(_ counter: UInt64) -> SIMD4<UInt32> {
    var c0 = UInt32(truncatingIfNeeded: counter)
    var c1 = UInt32(truncatingIfNeeded: counter >> 32)
    var c2 = stream.0
    var c3 = stream.1
    var k0 = key.0
    var k1 = key.1
    for _ in 0..<10 {
      let a = UInt64(c0) &* 0xD251_1F53
      let b = UInt64(c2) &* 0xCD9E_8D57
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: a)
      )
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The 64-bit number of draw `index`.
  public func bits(_ index: Int) -> UInt64 {
    let words = block(UInt64(truncatingIfNeeded: index))
    return UInt64(words.x) | UInt64(words.y) << 32
  }

  /// Draw `index`, uniform in [0, 1).
  public func uniform(_ index: Int) -> Double {
    Double(bits(index) >> 11) * 0x1p-53
  }

  /// Draw `index`, uniform in `range`.
  public func uniform(_ index: Int, in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform(index)
  }

  /// Draw `index`, a whole number in `0..<upperBound`, with a bias below 2^-32.
  public func integer(_ index: Int, below upperBound: Int) -> Int {
    Int(truncatingIfNeeded: bits(index).multipliedFullWidth(by: UInt64(max(1, upperBound))).high)
  }

  /// `0..<count` in random order (Fisher and Yates' shuffle). Takes draws 1 to `count - 1`.
  public func permutation(of count: Int) -> [Int] {
    var order = Array(0..<max(0, count))
    for index in stride(from: count - 1, to: 0, by: -1) { order.swapAt(index, integer(index, below: index + 1)) }
    return order
  }

  /// Compares key and stream.
  public static func == (left: Self, right: Self) -> Bool {
    left.key == right.key && left.stream == right.stream
  }

  /// Hashes key and stream.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key.0)
    hasher.combine(key.1)
    hasher.combine(stream.0)
    hasher.combine(stream.1)
  }
}
