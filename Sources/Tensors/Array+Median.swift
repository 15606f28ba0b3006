extension Array where Element == Double {
  /// The middle of the sorted values, or the mean of the two in the middle; nil where there are none.
  package var median: Double? {
    guard !isEmpty else { return nil }
    let values = sorted()
    return (values[(count - 1) / 2] + values[count / 2]) / 2
  }
}
