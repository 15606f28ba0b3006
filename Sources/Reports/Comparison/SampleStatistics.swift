/// Mean and spread of a few values, such as one for each seed.
package struct SampleStatistics: Sendable, Equatable {
  /// How many values there are.
  package let count: Int
  /// Their mean; nil without any.
  package let mean: Double?
  /// The standard deviation of a sample, with n - 1 in the denominator; nil for fewer than two values.
  package let standardDeviation: Double?

  /// Takes mean and spread in two passes. Undefined values are left out.
  package init(_ values: some Sequence<Double?>) {
    let known = values.compactMap { $0 }
    count = known.count
    let mean = known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    self.mean = mean
    guard let mean, known.count > 1 else {
      standardDeviation = nil
      return
    }
    standardDeviation = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(known.count - 1)).squareRoot()
  }

  /// `51.20 ± 0.31` in per cent, without the spread where there is none; a dash without values.
  package var percent: String { text { Formatting.percent($0) } }

  /// Mean and spread, each written by `format`.
  package func text(_ format: (Double) -> String) -> String {
    guard let mean else { return "–" }
    return format(mean) + (standardDeviation.map { " ± \(format($0))" } ?? "")
  }
}
