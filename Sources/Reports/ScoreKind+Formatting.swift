import Tasks

/// Scores as tables and pages show them: shares in per cent, numbers as they are.
extension ScoreKind {
  /// The heading of a column: `mIoU %`.
  package var heading: String { unit == .share ? "\(title) %" : title }

  /// The heading of the column of a group, which comes first: `tail mIoU %`.
  func heading(ofGroup group: String) -> String { "\(group) \(heading)" }

  /// The title of an axis: `mIoU, %`.
  var axis: String { unit == .share ? "\(title), %" : title }

  /// The value without a unit; a dash where it is undefined.
  package func cell(_ value: Double?, decimals: Int = 2) -> String {
    guard let value else { return "–" }
    return unit == .share ? Formatting.percent(value, decimals: decimals) : Formatting.significant(value, decimals + 2)
  }

  /// The value with its unit: `47.53 %`.
  package func text(_ value: Double, decimals: Int = 2) -> String { cell(value, decimals: decimals) + (unit == .share ? " %" : "") }

  /// What charts draw: per cent for shares.
  func scaled(_ value: Double) -> Double { unit == .share ? value * 100 : value }

  /// What is given back when an axis is asked: the value whose `scaled` it is.
  var scale: Double { unit == .share ? 100 : 1 }
}

extension TaskDescription {
  /// Where the groups come from, in words.
  var groupSource: String {
    groups == ClassGroups.namesByShare ? "shares of the labelled training \(unit)" : "numbers of the labelled training \(unit)"
  }
}
