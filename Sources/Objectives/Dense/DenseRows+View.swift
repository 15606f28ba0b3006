import Tensors

extension DenseRows {
  /// The rows of a view, copied.
  public init(_ view: RowsView) {
    self.init(count: view.rows, width: view.classes)
    view.buffer.withFloats { floats in
      for row in 0..<view.rows {
        let (image, place) = (row / view.rowsPerImage, row % view.rowsPerImage)
        for column in 0..<view.classes { values[row * width + column] = floats[view.index(image: image, row: place, class: column)] }
      }
    }
  }

  /// Copies the rows into a view of the same extents.
  package func write(to view: RowsView) {
    view.buffer.withFloats { floats in
      for row in 0..<min(count, view.rows) {
        let (image, place) = (row / view.rowsPerImage, row % view.rowsPerImage)
        for column in 0..<width { floats[view.index(image: image, row: place, class: column)] = values[row * width + column] }
      }
    }
  }

  /// Each row with a 1 behind it, for products with weights that have a bias behind them.
  package var withOnes: DenseRows {
    DenseRows(count: count, width: width + 1, values: (0..<count).flatMap { self[$0] + [1] })
  }

  /// Refuses a table of other extents.
  /// - Parameters:
  ///   - name: what the other is, for messages.
  ///   - own: what this one is.
  /// - Throws: `LongtailError(.usage)` with both extents.
  func requireExtents(of other: DenseRows, _ name: String, beside own: String) throws {
    guard (count, width) == (other.count, other.width) else {
      throw LongtailError(
        .usage, "the \(name) is \(other.count) rows of \(other.width), the \(own) \(count) rows of \(width)",
        advice: "Both need the same rows of the same width.")
    }
  }
}
