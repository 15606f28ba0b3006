import Tensors

extension RowwiseTerm {
  /// A mean over rows whose losses and gradients are computed for all rows of the rank together.
  /// - Parameters:
  ///   - place: the port.
  ///   - others: further ports that are read.
  ///   - compute: the loss of each row, and the gradient of their sum, from the rows of the port. Tables of other extents end the step with an
  ///     error.
  public convenience init(
    _ name: String, at place: PortPlace, reading others: [PortPlace] = [], weight: Double = 1,
    table compute: @escaping (_ inputs: StepInputs, _ rows: DenseRows) throws -> Distillation.Result
  ) {
    self.init(name, at: place, reading: others, weight: weight) { inputs in
      let rows = DenseRows(try inputs.values(place))
      let found = try compute(inputs, rows)
      try rows.requireExtents(of: found.gradient, "gradient of term \(name)", beside: "port")
      guard found.rows.count == rows.count else {
        throw LongtailError(.usage, "term \(name) has \(found.rows.count) losses for \(rows.count) rows", advice: "Give each row a loss.")
      }
      return { row, _, gradient in
        for (k, value) in found.gradient[row].enumerated() { gradient[k] = value }
        return found.rows[row]
      }
    }
  }
}
