import Tensors
import Threading

/// Rows brought to length one, or squashed to a length below one, and the gradients of that.
public enum RowNormalizationLoops {
  /// What a row x is mapped to.
  public enum Rule: Sendable, Hashable {
    /// x / max(|x|, 1e-12), as PyTorch's `normalize`.
    case unit
    /// x / (1 + |x|): long rows come near to length one, short ones stay short.
    case squashed
  }

  /// The length below which a row counts as this long.
  static let leastLength: Float = 1e-12

  /// y = factor times the normalized x, row by row. Reads x twice, writes y once.
  package static func normalize(_ x: MatrixView, _ rule: Rule, factor: Float = 1, into y: MatrixView) {
    ComputePool.forEachRange(of: x.rows, minimum: 8) { rows in
      for row in rows {
        let (from, to) = (x.base + row * x.stride, y.base + row * y.stride)
        let length = MatrixLoops.dot(from, from, x.columns).squareRoot()
        let divisor = rule == .unit ? max(length, leastLength) : 1 + length
        for column in 0..<x.columns { to[column] = factor * (from[column] / divisor) }
        y.clearPadding(ofRow: row)
      }
    }
  }

  /// The gradient of x from that of y.
  ///
  /// With u = x / |x|: of `unit` factor (dy - (dy·u) u) / |x|, of `squashed` factor (dy - (dy·u) u |x| / (1 + |x|)) / (1 + |x|).
  /// - Parameters:
  ///   - along: takes dy·u of each row, from which the gradient of the factor of unit rows is summed; nil where it is not needed.
  ///   - dx: may be the gradient of y itself.
  package static func gradient(
    _ x: MatrixView, gradient dy: MatrixView, _ rule: Rule, factor: Float = 1, along: FloatRegion? = nil, into dx: MatrixView
  ) {
    ComputePool.forEachRange(of: x.rows, minimum: 8) { rows in
      for row in rows {
        let (from, given, to) = (x.base + row * x.stride, dy.base + row * dy.stride, dx.base + row * dx.stride)
        let length = MatrixLoops.dot(from, from, x.columns).squareRoot()
        let isLong = length >= leastLength
        let projection = isLong ? MatrixLoops.dot(given, from, x.columns) / length : 0
        along?.base[row] = projection
        let divisor = rule == .unit ? max(length, leastLength) : 1 + length
        let share = rule == .unit ? 1 : length / (1 + length)
        let pull = isLong ? projection * share / length : 0
        for column in 0..<x.columns { to[column] = factor * ((given[column] - pull * from[column]) / divisor) }
        dx.clearPadding(ofRow: row)
      }
    }
  }
}
