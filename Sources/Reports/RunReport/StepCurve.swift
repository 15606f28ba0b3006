/// A quantity over many steps, brought down to as many points as a chart can show: means with the least and the largest value around them.
struct StepCurve {
  /// Several steps that follow each other.
  struct Piece: Equatable {
    /// The mean of the steps' numbers.
    var step: Double
    var mean: Double
    var low: Double
    var high: Double
  }

  /// From the first step on.
  let pieces: [Piece]

  /// Cuts the steps into pieces of equal length. Values that are not finite are left out.
  init(_ values: some Sequence<(step: Int, value: Double)>, limit: Int = 240) {
    let known = values.filter { $0.value.isFinite }
    let length = max(1, (known.count + limit - 1) / limit)
    pieces = stride(from: 0, to: known.count, by: length).map { start in
      let part = known[start..<min(start + length, known.count)]
      let sum = part.reduce((step: 0.0, value: 0.0)) { ($0.step + Double($1.step), $0.value + $1.value) }
      let count = Double(part.count)
      return Piece(
        step: sum.step / count, mean: sum.value / count, low: part.map(\.value).min() ?? 0, high: part.map(\.value).max() ?? 0)
    }
  }
}
