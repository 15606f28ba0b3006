import Tensors

/// A matrix in memory, row by row: a batch of rows of features, or the weights of a linear layer.
///
/// Element (row, column) is float `row * stride + column` of the region. Floats between the rows are padding and belong to the row before.
package struct MatrixView: Sendable {
  /// The memory, from the first element to the last row's padding.
  package let region: FloatRegion
  /// Number of rows.
  package let rows: Int
  /// Numbers in a row.
  package let columns: Int
  /// Floats from one row to the next.
  package let stride: Int

  /// Describes a matrix.
  /// - Throws: `LongtailError` when the rows do not fit into the region.
  package init(_ region: FloatRegion, rows: Int, columns: Int, stride: Int) throws {
    guard rows >= 0, columns >= 0, stride >= columns, rows * stride <= region.count else {
      throw LongtailError(.internalError, "\(rows) rows of \(columns) numbers, \(stride) apart, do not fit into \(region.count) floats")
    }
    (self.region, self.rows, self.columns, self.stride) = (region, rows, columns, stride)
  }

  /// The first element; for the loops of this room only.
  @inline(__always) var base: UnsafeMutablePointer<Float> { region.base }

  /// Sets the padding behind a row to zero.
  @inline(__always)
  func clearPadding(ofRow row: Int) {
    if stride > columns { (base + row * stride + columns).update(repeating: 0, count: stride - columns) }
  }
}
