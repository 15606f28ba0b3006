import Tensors

/// Dice loss from the sums of each image, or of the global batch.
///
/// For images the packed vector is C losses (means over the classes, not yet over the images), C pixels, C squared gradient norms and the
/// number of images with a valid pixel. For the batch it is C zeros, C pixels, C squared norms and the 3C sums, from which `finish` makes
/// the loss; the gradient needs those sums before the pass: they are prepared.
final class DiceObjective: Objective {
  /// What the areas are summed over.
  enum Extent: String, CaseIterable { case image, batch }
  /// Which classes the mean is taken over.
  enum Members: String, CaseIterable { case all, present }

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
  private var prepared: [Double]?
  private var none: Homogenization?

  init(name: String, classes: Int, extent: Extent, members: Members, smooth: Double, exponent: Double) {
    self.name = name
    self.classes = classes
    self.extent = extent
    self.members = members
    self.smooth = smooth
    squares = exponent == 2
  }

  var preparationCount: Int { extent == .batch ? 3 * classes : 0 }
  var packedCount: Int { extent == .batch ? 6 * classes : 3 * classes + 1 }

  func prepare(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    guard extent == .batch else { return }
    try check(logits, classes: classes)
    try check(packed, at: offset, count: preparationCount)
    try areasPass.run(DiceSumsKernel(classes: classes, squares: squares), source: logits, target: nil, labels: labels) { sums in
      for slot in sums.indices { packed[offset + slot] = sums[slot] }
    }
  }

  func acceptPreparation(packed: [Double], at offset: Int, step: StepContext) throws {
    try check(packed, at: offset, count: preparationCount)
    prepared = extent == .batch ? Array(packed[offset..<(offset + preparationCount)]) : nil
  }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(logits, classes: classes)
    try check(packed, at: offset, count: packedCount)
    if extent == .batch && step.isTraining && prepared == nil { throw unprepared }
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    let perImage = extent == .image
    guard let room = coefficients.floats(2 * classes * (perImage ? max(1, logits.images) : 1)) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    let (classes, stride) = (classes, 2 * classes)
    var losses = Array(repeating: 0.0, count: classes)
    var images = 0.0
    try areasPass.run(
      DiceSumsKernel(classes: classes, squares: squares), source: logits, target: nil, labels: labels, keepsImages: perImage,
      perImage: perImage
        ? { image, sums in
          let values = self.coefficients(of: UnsafeMutableBufferPointer(start: sums, count: 3 * classes), into: room + image * stride)
          for k in 0..<classes { losses[k] += values[k] }
          if (0..<classes).contains(where: { sums[2 * classes + $0] > 0 }) { images += 1 }
        } : nil
    ) { sums in
      if !perImage {
        for slot in sums.indices { packed[offset + stride + classes + slot] = sums[slot] }
        if let prepared {
          var own = prepared
          own.withUnsafeMutableBufferPointer { _ = coefficients(of: $0, into: room) }
        } else {
          _ = coefficients(of: sums, into: room)
        }
      }
    }
    if perImage {
      for k in 0..<classes { packed[offset + k] = losses[k] }
      packed[offset + 3 * classes] = images
    }
    let kernel = DiceGradientKernel(classes: classes, squares: squares, coefficients: room, stride: perImage ? stride : 0)
    try gradientPass.run(kernel, source: logits, target: gradient, labels: labels, keepsImages: perImage) { sums in
      for slot in sums.indices { packed[offset + classes + slot] = sums[slot] }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    try check(packed, at: offset, count: packedCount)
    var sums = ClassSums(packed: packed, at: offset, classes: classes)
    var denominator = packed[offset + 3 * classes]
    if extent == .batch {
      var areas = Array(packed[(offset + 3 * classes)..<(offset + 6 * classes)])
      sums.losses = areas.withUnsafeMutableBufferPointer { coefficients(of: $0, into: nil) }
      denominator = sums.pixels.contains { $0 > 0 } ? 1 : 0
    }
    if step.isTraining { prepared = nil }
    return sums.result(
      weights: Array(repeating: 1, count: classes), denominator: denominator,
      isFinite: packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite), homogenization: &none, step: step)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: labels, factors: result.factorPerClass)
  }

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
