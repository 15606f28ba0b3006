import Tensors

private struct ScaleKernel: TileKernel {
  let factors: UnsafePointer<Float>
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let lanes = UnsafeMutableRawPointer(tile.room).assumingMemoryBound(to: Float.self)
    for lane in 0..<8 {
      let label = tile.labels[lane]
      lanes[lane] = label < 0 ? 0 : factors[Int(label)]
    }
    let factor = tile.room[0]
    for k in 0..<tile.classes {
      // A factor of 0 clears the row even where it holds infinities.
      tile.values[k] = (tile.values[k] * factor).replacing(with: Lanes(repeating: 0), where: factor .== Lanes(repeating: 0))
    }
  }
}

/// Multiplies rows by the factor of their class: the second and last touch of the gradient at the logits.
public final class RowScaler {
  private let pass = RowPass()
  private var memory = WorkingMemory()

  /// Has no settings; keeps working memory between calls.
  public init() {}

  /// Multiplies each row of `gradient` by the factor of its label's class, in place.
  ///
  /// Ignored rows, and rows whose factor is 0, become exactly 0. Cost: one read and one write of the rows.
  /// - Parameters:
  ///   - gradient: the rows, in any layout.
  ///   - labels: a class index for each row; negative = ignored.
  ///   - factors: one number a class.
  /// - Throws: `LongtailError` if sizes do not fit or a label is no class.
  public func scaleRows(_ gradient: RowsView, labels: UnsafeBufferPointer<Int32>, factors: [Double]) throws {
    guard factors.count == gradient.classes else {
      throw LongtailError(.internalError, "\(factors.count) factors for \(gradient.classes) classes")
    }
    let room = memory.lanes((factors.count + 7) / 8)
    guard let base = UnsafeMutableRawPointer(room.baseAddress)?.assumingMemoryBound(to: Float.self) else { return }
    for (k, factor) in factors.enumerated() { base[k] = Float(factor) }
    try pass.run(ScaleKernel(factors: UnsafePointer(base)), source: gradient, target: gradient, labels: labels) { _ in }
  }
}
