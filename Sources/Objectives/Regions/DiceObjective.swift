import Settings
import Tensors

/// Dice loss from the sums of each image, or of the global batch.
///
/// For images the one round is C losses (means over the classes, not yet over the images), C pixels, C squared gradient norms and the
/// number of images with a valid pixel. For the batch the last round is C zeros, C pixels, C squared norms and the 3C sums, from which
/// `result` makes the loss; the gradient needs those sums before: they are a round of their own.
final class DiceObjective: TermObjective {
  /// What the areas are summed over.
  enum Extent: String, Choice { case image, batch }
  /// Which classes the mean is taken over.
  enum Members: String, Choice { case all, present }

  let name: String
  private let classes: Int
  private let extent: Extent
  private let members: Members
  private let smooth: Double
  private let squares: Bool
  private let areasPass = RowPass()
  private let gradientPass = RowPass()
  private let scaler = RowScaler()
  private var coefficients = WorkingMemory()
  private var areas = WorkingMemory()
  private var second = GradientPlanes()

  init(name: String, classes: Int, extent: Extent, members: Members, smooth: Double, exponent: Double) {
    self.name = name
    self.classes = classes
    self.extent = extent
    self.members = members
    self.smooth = smooth
    squares = exponent == 2
  }

  var rounds: [Int] { extent == .batch ? [3 * classes, 6 * classes] : [3 * classes + 1] }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    for slot in 0..<rounds[round] { packed[offset + slot] = 0 }
    if extent == .batch && round == 0 {
      return try addAreas(rows) { sums in for slot in sums.indices { packed[offset + slot] += sums[slot] } }
    }
    let perImage = extent == .image
    let stride = 2 * classes
    guard let room = coefficients.floats(stride * (perImage ? max(1, rows.logits.images) : 1)) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    if perImage {
      try measureImages(rows, coefficients: room, into: &packed, at: offset)
    } else {
      let areas = offset + 3 * classes
      try addAreas(rows) { sums in for slot in sums.indices { packed[areas + slot] += sums[slot] } }
      var known = try Array(first(earlier.rounds.first, step: step) ?? packed[areas..<(areas + 3 * classes)])
      known.withUnsafeMutableBufferPointer { _ = coefficients(of: $0, into: room) }
    }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) {
      for slot in sums.indices { packed[offset + classes + slot] += sums[slot] }
    }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      let kernel = DiceGradientKernel(
        classes: classes, squares: squares, coefficients: room, stride: perImage ? stride : 0)
      try gradientPass.run(kernel, source: rows.logits, target: target, labels: rows.labels, part: part, keepsImages: perImage, add)
    }
  }

  /// Hands over the 3C sums of all rows, part by part.
  private func addAreas(
    _ rows: LabelledRows, keepsImages: Bool = false, perImage: ((Int, UnsafeMutablePointer<Double>) -> Void)? = nil,
    _ body: (UnsafeMutableBufferPointer<Double>) -> Void
  ) throws {
    try rows.forEachPart { part in
      let kernel = DiceSumsKernel(classes: classes, squares: squares)
      try areasPass.run(
        kernel, source: rows.logits, target: nil, labels: rows.labels, part: part, keepsImages: keepsImages, perImage: perImage, body)
    }
  }

  /// Losses and coefficients of each image, and the number of images with a valid pixel.
  private func measureImages(
    _ rows: LabelledRows, coefficients room: UnsafeMutablePointer<Float>, into packed: inout [Double], at offset: Int
  ) throws {
    let (classes, images) = (classes, rows.logits.images)
    let areas = areas.doubles(3 * classes * images)
    areas.update(repeating: 0)
    try addAreas(
      rows, keepsImages: true,
      perImage: { image, sums in for slot in 0..<(3 * classes) { areas[image * 3 * classes + slot] += sums[slot] } }
    ) { _ in }
    for image in 0..<images {
      let own = UnsafeMutableBufferPointer(rebasing: areas[(3 * classes * image)..<(3 * classes * (image + 1))])
      let losses = coefficients(of: own, into: room + image * 2 * classes)
      for k in 0..<classes { packed[offset + k] += losses[k] }
      if (0..<classes).contains(where: { own[2 * classes + $0] > 0 }) { packed[offset + 3 * classes] += 1 }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    var own = ClassSums(sums, classes: classes)
    var denominator = sums.number(3 * classes)
    if extent == .batch {
      var areas = Array(sums.numbers((3 * classes)..<(6 * classes)))
      own.losses = areas.withUnsafeMutableBufferPointer { coefficients(of: $0, into: nil) }
      denominator = own.pixels.contains { $0 > 0 } ? 1 : 0
    }
    return own.result(
      weights: Array(repeating: 1, count: classes), denominator: denominator, isFinite: sums.allSatisfy(\.isFinite), step: step)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }

  /// Each class's part of the mean of 1 - (2 I + s) / (P + Y + s), and the derivatives' a and b.
  private func coefficients(of sums: UnsafeMutableBufferPointer<Double>, into room: UnsafeMutablePointer<Float>?) -> [Double] {
    let present = (0..<classes).filter { sums[2 * classes + $0] > 0 }
    let counted = members == .all ? Array(0..<classes) : present
    var losses = Array(repeating: 0.0, count: classes)
    for k in 0..<(2 * classes) { room?[k] = 0 }
    // Without a valid pixel there is nothing to overlap.
    if present.isEmpty { return losses }
    let share = 1 / Double(counted.count)
    for k in counted {
      let numerator = 2 * sums[k] + smooth
      let denominator = sums[classes + k] + sums[2 * classes + k] + smooth
      if denominator == 0 { continue }
      losses[k] = share * (1 - numerator / denominator)
      room?[k] = Float(-2 * share / denominator)
      room?[classes + k] = Float((squares ? 2 : 1) * share * numerator / (denominator * denominator))
    }
    return losses
  }
}
