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
  public func write(to view: RowsView) {
    view.buffer.withFloats { floats in
      for row in 0..<min(count, view.rows) {
        let (image, place) = (row / view.rowsPerImage, row % view.rowsPerImage)
        for column in 0..<width { floats[view.index(image: image, row: place, class: column)] = values[row * width + column] }
      }
    }
  }

  /// Each row with a 1 behind it, for products with weights that have a bias behind them.
  public var withOnes: DenseRows {
    DenseRows(count: count, width: width + 1, values: (0..<count).flatMap { self[$0] + [1] })
  }
}
