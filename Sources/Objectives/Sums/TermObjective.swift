import Tensors

/// An objective that can be a term of a weighted sum: it hands over what it keeps apart of the gradient.
protocol TermObjective: Objective {
  /// The gradient that belongs to second labels, as the last round left it; valid until the next round.
  /// - Throws: `LongtailError` if such a gradient was not measured.
  func secondGradient(like rows: RowsView) throws -> TermPlanes
}
