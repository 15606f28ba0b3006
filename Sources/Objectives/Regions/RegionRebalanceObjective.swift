import Foundation
import Tensors
import Threading

/// Balanced softmax over regions; see `RegionRebalance`. An image is on one rank as a whole, so its regions are too.
///
/// One round: C losses by the regions' classes, C pixels, C squared gradient norms, and the number of regions.
/// Cost: two passes over the logits, and one over the labels. Working memory: 8 (C + 1) bytes a region and 2048 rows.
final class RegionRebalanceObjective: TermObjective {
  let name: String
  private let classes: Int
  private let offsets: [Double]
  private let sumsPass = RowPass()
  private let gradientPass = RowPass()
  private let scaler = RowScaler()
  private var second = GradientPlanes()
  private var tableMemory = WorkingMemory()
  private var sumsMemory = WorkingMemory()
  private var gradientMemory = WorkingMemory()
  private var squareMemory = WorkingMemory()

  /// - Parameter offsets: added to the mean logits of each class.
  init(name: String, classes: Int, offsets: [Double]) {
    self.name = name
    self.classes = classes
    self.offsets = offsets
  }

  var rounds: [Int] { [3 * classes + 1] }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    try rows.checkCounts()
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    let table = try table(of: rows)
    let regions = max(1, rows.logits.images * table.largest)
    guard let gradients = gradientMemory.floats(regions * classes), let squares = squareMemory.floats(regions) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    let sums = try sums(of: rows, table)
    for image in 0..<rows.logits.images {
      for label in 0..<classes {
        let region = Int(table.regions[image * classes + label])
        guard region >= 0 else { continue }
        let place = image * table.largest + region
        let own = UnsafeMutableBufferPointer(rebasing: sums[(place * (classes + 1))..<((place + 1) * (classes + 1))])
        let (loss, square) = complete(own, label: label, into: gradients + place * classes)
        squares[place] = square
        guard let loss else { continue }
        packed[offset + label] += loss
        packed[offset + 3 * classes] += 1
      }
    }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) {
      for slot in sums.indices { packed[offset + classes + slot] += sums[slot] }
    }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      let kernel = RegionGradientKernel(classes: classes, table: table, gradients: gradients, squares: squares)
      try gradientPass.run(kernel, source: rows.logits, target: target, labels: rows.labels, part: part, keepsImages: true, add)
    }
  }

  /// Numbers the regions of each image, in the order of the classes. Labels that are no class are left to the pass to refuse.
  private func table(of rows: LabelledRows) throws -> RegionTable {
    let (images, rowsPerImage) = (rows.logits.images, rows.logits.rowsPerImage)
    guard let room = tableMemory.bytes(4 * max(1, images * classes))?.assumingMemoryBound(to: Int32.self) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    let parts = rows.parts
    ComputePool.forEachRange(of: images) { range in
      for image in range {
        let own = room + image * classes
        own.update(repeating: -1, count: classes)
        for part in parts {
          for row in (image * rowsPerImage)..<((image + 1) * rowsPerImage) {
            let label = Int(part.label(at: row))
            if label >= 0 && label < classes { own[label] = 0 }
          }
        }
        var count: Int32 = 0
        for k in 0..<classes where own[k] == 0 {
          own[k] = count
          count += 1
        }
      }
    }
    let largest = (0..<(images * classes)).reduce(0) { max($0, Int(room[$1]) + 1) }
    return RegionTable(largest: largest, regions: UnsafePointer(room))
  }

  /// C sums of logits and one of weights for each region, `largest` regions an image.
  private func sums(of rows: LabelledRows, _ table: RegionTable) throws -> UnsafeMutableBufferPointer<Double> {
    let count = table.largest * (classes + 1)
    let all = sumsMemory.doubles(rows.logits.images * count)
    all.update(repeating: 0)
    func add(_ image: Int, _ sums: UnsafeMutablePointer<Double>) {
      for slot in 0..<count { all[image * count + slot] += sums[slot] }
    }
    try rows.forEachPart { part in
      let kernel = RegionSumsKernel(classes: classes, table: table)
      try sumsPass.run(
        kernel, source: rows.logits, target: nil, labels: rows.labels, part: part, keepsImages: true, perImage: add
      ) { _ in }
    }
    return all
  }

  /// The loss of a region, nil for one whose pixels weigh nothing; writes the gradient of a pixel of weight 1, and returns its squared
  /// norm.
  private func complete(
    _ sums: UnsafeMutableBufferPointer<Double>, label: Int, into gradient: UnsafeMutablePointer<Float>
  ) -> (loss: Double?, square: Float) {
    let weight = sums[classes]
    guard weight > 0 else {
      gradient.update(repeating: 0, count: classes)
      return (nil, 0)
    }
    for k in 0..<classes { sums[k] = sums[k] / weight + offsets[k] }
    var (largest, total, square) = (sums[0], 0.0, 0.0)
    for k in 0..<classes { largest = max(largest, sums[k]) }
    let atLabel = sums[label] - largest
    for k in 0..<classes {
      sums[k] = exp(sums[k] - largest)
      total += sums[k]
    }
    for k in 0..<classes {
      let slope = (sums[k] / total - (k == label ? 1 : 0)) / weight
      gradient[k] = Float(slope)
      square += slope * slope
    }
    return (log(total) - atLabel, Float(square))
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    return ClassSums(sums, classes: classes).result(
      weights: Array(repeating: 1, count: classes), denominator: sums.number(3 * classes), isFinite: sums.allSatisfy(\.isFinite),
      step: step)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }
}
