import Tensors

private struct ArgmaxKernel<Index: FixedWidthInteger>: TileKernel {
  let output: UnsafeMutablePointer<Index>
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    var best = tile.values[0]
    var index = Lanes(repeating: 0)
    for k in 1..<max(1, tile.classes) {
      let candidate = tile.values[k]
      let isLarger = candidate .> best
      best = best.replacing(with: candidate, where: isLarger)
      index = index.replacing(with: Lanes(repeating: Float(k)), where: isLarger)
    }
    tile.room[0] = index
    let indices = UnsafeMutableRawPointer(tile.room).assumingMemoryBound(to: Float.self)
    for lane in 0..<tile.count { output[tile.ordinal &+ lane] = Index(truncatingIfNeeded: Int32(indices[lane])) }
  }
}

/// Finds the class of each row: the argument of the maximum.
public final class RowPredictor {
  private let pass = RowPass()

  /// Has no settings; keeps working memory between calls.
  public init() {}

  /// Writes the class with the largest logit of each row, in the order of the rows. The first of equal ones wins;
  /// a logit that is not a number never wins, unless it is the first. Cost: one read of the rows.
  /// - Parameters:
  ///   - logits: the rows, in any layout.
  ///   - output: one number a row; up to 256 classes fit.
  /// - Throws: `LongtailError` if sizes do not fit or the index type is too small.
  public func predictions(of logits: RowsView, into output: UnsafeMutableBufferPointer<UInt8>) throws {
    try write(logits, output)
  }

  /// The same for any number of classes.
  /// - Throws: as the other form.
  public func predictions(of logits: RowsView, into output: UnsafeMutableBufferPointer<Int32>) throws {
    try write(logits, output)
  }

  private func write<Index: FixedWidthInteger>(_ logits: RowsView, _ output: UnsafeMutableBufferPointer<Index>) throws {
    guard output.count == logits.rows else {
      throw LongtailError(.internalError, "room for \(output.count) predictions of \(logits.rows) rows")
    }
    guard Index(exactly: logits.classes - 1) != nil else {
      throw LongtailError(.internalError, "\(logits.classes) classes do not fit into predictions of \(Index.bitWidth) bits")
    }
    guard let base = output.baseAddress, logits.rows > 0 else { return }
    try pass.run(ArgmaxKernel(output: base), source: logits, target: nil, labels: nil) { _ in }
  }
}
