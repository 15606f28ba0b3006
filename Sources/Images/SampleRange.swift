/// Which sample values of image files of 16 bits become black and white: `low` and what is below is 0, `high` and what is above is 255.
///
/// A value v becomes round(255 (v - low) / (high - low)). Files of 8 bits have no need of it.
public struct SampleRange: Sendable, Equatable, Codable, CustomStringConvertible {
  /// The value that becomes 0.
  public let low: Int
  /// The value that becomes 255.
  public let high: Int

  /// All that 16 bits can hold.
  public static let full = SampleRange(unchecked: 0, 65535)

  /// A range; nil unless 0 <= low < high <= 65535.
  public init?(low: Int, high: Int) {
    guard low >= 0, low < high, high <= 65535 else { return nil }
    self.init(unchecked: low, high)
  }

  private init(unchecked low: Int, _ high: Int) { (self.low, self.high) = (low, high) }

  /// What each of the 65536 values becomes.
  var table: [UInt8] {
    (0...65535).map { value in
      UInt8(truncatingIfNeeded: (510 * (min(high, max(low, value)) - low) + (high - low)) / (2 * (high - low)))
    }
  }

  /// `[829, 1916]`.
  public var description: String { "[\(low), \(high)]" }
}

/// What the samples of an image file of 16 bits are, before a range is applied.
public struct DeepSamples: Sendable, Equatable {
  /// The least value.
  public var least: Int
  /// The greatest value.
  public var greatest: Int
  /// How many samples there are: pixels times channels, alpha left out.
  public var count: Int
  /// How many lie outside the range that was applied; 0 where none was.
  public var countBeyondRange: Int
  /// How many samples each stretch of `DeepSamples.binWidth` values has; 4096 of them.
  public var bins: [Int]
  /// How many values a bin has.
  public static let binWidth = 16
}
