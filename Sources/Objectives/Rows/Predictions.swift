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
    let indices = LaneNumbers(tile.room)
    for lane in 0..<tile.count { output[tile.ordinal &+ lane] = Index(truncatingIfNeeded: Int32(indices[lane])) }
  }
}

/// The best class, and its probability.
private struct ConfidenceKernel: TileKernel {
  let output: UnsafeMutablePointer<Int32>
  let confidences: UnsafeMutablePointer<Float>
  /// 1 / T.
  let scale: Float
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    ArgmaxKernel(output: output).process(tile, sums: sums)
    var best = tile.values[0]
    for k in 1..<max(1, tile.classes) { best = best.maximum(tile.values[k]) }
    var sum = Lanes(repeating: 0)
    for k in 0..<tile.classes { sum += ((tile.values[k] - best) * Lanes(repeating: scale)).exponentialOfNonPositive() }
    let confidence = Lanes(repeating: 1) / sum
    for lane in 0..<tile.count { confidences[tile.ordinal &+ lane] = confidence[lane] }
  }
}

/// Finds the class of each row: the argument of the maximum.
public final class RowPredictor {
  private let pass = RowPass()
  private let confidencePass = RowPass()

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

  /// Writes the class with the largest logit of each row, as the other forms, and its probability softmax(z / T).
  /// Cost: one read of the rows.
  /// - Parameters:
  ///   - output: one number a row.
  ///   - confidences: one number a row.
  ///   - temperature: T.
  /// - Throws: `LongtailError` if sizes do not fit.
  package func predictions(
    of logits: RowsView, into output: UnsafeMutableBufferPointer<Int32>, confidences: UnsafeMutableBufferPointer<Float>,
    temperature: Double
  ) throws {
    guard output.count == logits.rows, confidences.count == logits.rows else {
      throw LongtailError(.internalError, "room for \(output.count) predictions of \(logits.rows) rows")
    }
    guard let base = output.baseAddress, let own = confidences.baseAddress, logits.rows > 0 else { return }
    let kernel = ConfidenceKernel(output: base, confidences: own, scale: Float(1 / temperature))
    try confidencePass.run(kernel, source: logits, target: nil, labels: nil) { _ in }
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
