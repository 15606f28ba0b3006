import Images
import Tensors

/// The values of images of 16 bits, counted over a split.
package struct SampleValues: Sendable, Codable, Equatable {
  /// The least value.
  package private(set) var least = 65535
  /// The greatest value.
  package private(set) var greatest = 0
  /// Samples that were counted.
  package private(set) var count = 0
  /// Samples outside the range that images are read with.
  package private(set) var countBeyondRange = 0
  /// The range that images are read with, where there is one.
  package private(set) var range: SampleRange?
  /// Samples of each bin of `DeepSamples.binWidth` values that has any.
  private var bins: [Int: Int] = [:]

  /// Fewer grey levels than this for the middle 98 % of all values are worth a warning.
  package static let fewLevels = 32

  init(range: SampleRange?) { self.range = range }

  mutating func add(_ samples: DeepSamples) {
    least = min(least, samples.least)
    greatest = max(greatest, samples.greatest)
    count += samples.count
    countBeyondRange += samples.countBeyondRange
    for (bin, number) in samples.bins.enumerated() where number > 0 { bins[bin, default: 0] += number }
  }

  mutating func merge(_ other: SampleValues) {
    least = min(least, other.least)
    greatest = max(greatest, other.greatest)
    count += other.count
    countBeyondRange += other.countBeyondRange
    bins.merge(other.bins, uniquingKeysWith: +)
  }

  /// The values below which so much of all lies, as exactly as the bins allow.
  private func quantile(_ share: Double, upper: Bool) -> Int {
    var below = 0
    for (bin, number) in bins.sorted(by: { $0.key < $1.key }) {
      below += number
      if Double(below) >= share * Double(count) {
        let edge = DeepSamples.binWidth * bin + (upper ? DeepSamples.binWidth - 1 : 0)
        return min(greatest, max(least, edge))
      }
    }
    return greatest
  }

  /// Grey levels that the middle 98 % of the values get with a range.
  package func levels(_ range: SampleRange) -> Int {
    let (low, high) = (quantile(0.01, upper: false), quantile(0.99, upper: true))
    func level(_ value: Int) -> Int { 255 * (min(range.high, max(range.low, value)) - range.low) / (range.high - range.low) }
    return level(high) - level(low) + 1
  }

  /// The range to propose: least to greatest value, or without the outermost thousandth where a few strays would leave little for the rest.
  package var measured: SampleRange {
    guard let whole = SampleRange(low: least, high: greatest) else { return .full }
    if levels(whole) >= SampleValues.fewLevels { return whole }
    return SampleRange(low: quantile(0.001, upper: false), high: quantile(0.999, upper: true)) ?? whole
  }

  /// Whether the proposal leaves values out.
  package var hasStrays: Bool { measured.low > least || measured.high < greatest }

  /// Warnings for the user.
  var remarks: [String] {
    let values = "images of 16 bits hold values from \(least) to \(greatest)"
    guard let range else { return ["\(values): data.range is needed; measured is \(measured)"] }
    var remarks: [String] = []
    let levels = levels(range)
    if levels < SampleValues.fewLevels {
      remarks.append(
        "\(values), and data.range \(range) leaves \(levels) of 256 grey levels for most of them; measured is \(measured)")
    }
    if countBeyondRange * 1000 > count {
      let share = (1000 * countBeyondRange / count)
      remarks.append("\(share / 10).\(share % 10) % of the samples lie outside data.range \(range): \(values)")
    }
    return remarks
  }
}
