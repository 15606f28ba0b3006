import Tensors

private struct ScaleKernel: TileKernel {
  let factors: UnsafePointer<Float>
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let lanes = LaneNumbers(tile.room)
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

/// Adds gradients that were kept apart, each times the factor of the class of the row's second label; other rows stay as they are.
private struct SecondSumKernel: TileKernel {
  let planes: UnsafePointer<TermPlanes>
  /// One a class and one for background, term after term.
  let factors: UnsafePointer<Float>
  let terms: Int
  let part: RowPart
  var slots: Int { 0 }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let zero = Lanes(repeating: 0)
    let lanes = LaneNumbers(tile.room)
    for term in 0..<terms {
      for lane in 0..<8 {
        let label = lane < tile.count ? min(part.label(at: tile.ordinal &+ lane), Int32(truncatingIfNeeded: tile.classes)) : -1
        lanes[lane] = label < 0 ? 0 : factors[term &* (tile.classes &+ 1) &+ Int(label)]
      }
      let factor = tile.room[0]
      let stays = factor .== zero
      for k in 0..<tile.classes {
        let sum = tile.values[k] + planes[term].load(tile, k) * factor
        tile.values[k] = sum.replacing(with: tile.values[k], where: stays)
      }
    }
  }
}

/// Multiplies rows by the factor of their class: the second and last touch of the gradient at the logits.
public final class RowScaler {
  private let pass = RowPass()
  private var memory = WorkingMemory()
  private var planeMemory = WorkingMemory()

  /// Has no settings; keeps working memory between calls.
  public init() {}

  /// Multiplies each row of `gradient` by the factor of its label's class, in place.
  ///
  /// Ignored rows, and rows whose factor is 0, become exactly 0. Cost: one read and one write of the rows.
  /// - Parameters:
  ///   - gradient: the rows, in any layout.
  ///   - labels: a class index for each row; negative = ignored.
  ///   - factors: one number a class.
  /// - Throws: `LongtailError` if sizes do not fit or a label is not a class.
  public func scaleRows(_ gradient: RowsView, labels: UnsafeBufferPointer<Int32>, factors: [Double]) throws {
    guard factors.count == gradient.classes else {
      throw LongtailError(.internalError, "\(factors.count) factors for \(gradient.classes) classes")
    }
    guard let base = memory.floats(factors) else { return }
    try pass.run(ScaleKernel(factors: base), source: gradient, target: gradient, labels: labels) { _ in }
  }

  /// Completes the gradient of a loss: multiplies the rows by the factors of a result, and adds what belongs to second labels.
  /// - Parameter second: where the gradient of second labels was kept.
  func complete(_ gradient: RowsView, _ rows: LabelledRows, result: StepResult, second: GradientPlanes) throws {
    guard result.factorPerClass.count == gradient.classes else {
      throw LongtailError(.internalError, "\(result.factorPerClass.count) factors for \(gradient.classes) classes")
    }
    try rows.checkCounts()
    let factors = result.factorPerClass + [result.background?.factor ?? 0]
    guard let base = memory.floats(factors) else { return }
    let background = result.background == nil ? nil : Int32(gradient.classes)
    try pass.run(
      ScaleKernel(factors: base), source: gradient, target: gradient, labels: rows.labels,
      part: rows.hasExtras ? RowPart(rows, .first) : nil, background: background
    ) { _ in }
    if rows.second != nil { try addSecond([second.planes(like: gradient)], factors: factors, to: gradient, rows) }
  }

  /// Adds gradients of second labels to the completed one of first labels.
  /// - Parameters:
  ///   - planes: the gradients of the terms.
  ///   - factors: one a class and one for background, term after term.
  func addSecond(_ planes: [TermPlanes], factors: [Double], to gradient: RowsView, _ rows: LabelledRows) throws {
    guard let numbers = memory.floats(factors),
      let room = planeMemory.bytes(planes.count * MemoryLayout<TermPlanes>.stride)?.assumingMemoryBound(to: TermPlanes.self)
    else { return }
    for (i, plane) in planes.enumerated() { (room + i).initialize(to: plane) }
    let kernel = SecondSumKernel(planes: UnsafePointer(room), factors: numbers, terms: planes.count, part: RowPart(rows, .second))
    try pass.run(kernel, source: gradient, target: gradient, labels: nil) { _ in }
  }
}
