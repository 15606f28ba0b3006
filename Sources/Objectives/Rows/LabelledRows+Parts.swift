import Tensors

extension LabelledRows {
  /// Calls `body` for each part that a last round passes, with where its gradient goes.
  ///
  /// Second labels come first, so that the gradient of the first ones may be written over the logits.
  /// - Parameters:
  ///   - gradient: the caller's; nil to only measure.
  ///   - second: memory for the gradient of second labels.
  ///   - body: a part, nil for rows without weights and second labels; and its target.
  func forEachPart(gradient: RowsView?, second: inout GradientPlanes, _ body: (RowPart?, RowsView?) throws -> Void) throws {
    guard hasExtras else { return try body(nil, gradient) }
    if self.second != nil { try body(RowPart(self, .second), gradient == nil ? nil : second.view(like: logits)) }
    try body(RowPart(self, .first), gradient)
  }

  /// Calls `body` for each part that a round without gradient passes, the order of `forEachPart`.
  func forEachPart(_ body: (RowPart?) throws -> Void) throws {
    var none = GradientPlanes()
    try forEachPart(gradient: nil, second: &none) { part, _ in try body(part) }
  }
}

extension LabelledRows {
  /// The parts that passes go over: one, or two where rows have second labels.
  var parts: [RowPart] { second == nil ? [RowPart(self, .first)] : [RowPart(self, .first), RowPart(self, .second)] }
}
