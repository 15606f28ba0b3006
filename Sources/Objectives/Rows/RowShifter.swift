import Tensors

private struct ShiftKernel: TileKernel {
  let offsets: UnsafePointer<Float>
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    for k in 0..<tile.classes { tile.values[k] += Lanes(repeating: offsets[k]) }
  }
}

/// Adds a number to each class of all rows: what post-hoc logit adjustment does before the best class is taken.
public final class RowShifter {
  private let pass = RowPass()
  private var memory = WorkingMemory()

  /// Has no settings; keeps working memory between calls.
  public init() {}

  /// Adds `offsets[k]` to class k of every row, in place. Cost: one read and one write of the rows.
  /// - Throws: `LongtailError` if sizes do not fit.
  public func add(_ offsets: [Double], to rows: RowsView) throws {
    guard offsets.count == rows.classes else {
      throw LongtailError(.internalError, "\(offsets.count) offsets for \(rows.classes) classes")
    }
    guard let numbers = memory.floats(offsets) else { return }
    try pass.run(ShiftKernel(offsets: numbers), source: rows, target: rows, labels: nil) { _ in }
  }
}
