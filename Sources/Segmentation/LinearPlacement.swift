/// Between which two source positions a target position lies along one axis, for resampling with half-pixel centres.
struct LinearPlacement {
  /// The position below, and the one above; the same one at the end.
  let lower: Int
  let upper: Int
  /// The share of the one above.
  let weight: Float

  /// Places `position` of `to` positions among `from`.
  init(_ position: Int, from: Int, to: Int) {
    let source = max(0, (Float(position) + 0.5) * Float(from) / Float(to) - 0.5)
    lower = min(from - 1, Int(source))
    upper = min(from - 1, lower + 1)
    weight = source - Float(lower)
  }
}
