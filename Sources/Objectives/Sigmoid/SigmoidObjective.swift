import Foundation
import Tensors

/// Everything that sigmoid losses share: one binary cross-entropy a class, summed over the classes and averaged over the valid pixels.
///
/// One round: losses, pixels and squared gradient norms by the label's class; with `equalization` also 2C sums of |gradient| by class; then
/// loss, rows and squared gradient norm of background without a column.
final class SigmoidObjective: TermObjective {
  let name: String
  private let classes: Int
  private let background: Int?
  private let offsets: [Double]
  private let shape: SigmoidShape
  private var equalization: GradientEqualization?
  private var homogenization: Homogenization?

  private let pass = RowPass()
  private let scaler = RowScaler()
  private var second = GradientPlanes()
  private var gram: GramMemory
  private var memory = (WorkingMemory(), WorkingMemory(), WorkingMemory(), WorkingMemory())

  /// - Parameters:
  ///   - offsets: what is added to the logits of pixels that are not background, one number a class.
  ///   - background: the class that stands for background, if any.
  ///   - shape: weights that stay, and what is made of the cross-entropy.
  ///   - equalization: weights that follow from the gradients so far.
  init(
    name: String, classes: Int, offsets: [Double], background: Int?, shape: SigmoidShape = SigmoidShape(),
    equalization: GradientEqualization? = nil, homogenization: Homogenization?
  ) {
    self.name = name
    self.classes = classes
    self.offsets = offsets
    self.background = background
    self.shape = shape
    self.equalization = equalization
    self.homogenization = homogenization
    gram = GramMemory(objective: name, classes: classes)
  }

  /// Numbers of the classes, before those of background.
  private var classCount: Int { (equalization == nil ? 3 : 5) * classes }
  var rounds: [Int] { [classCount + 3] }

  var needsClassifierGram: Bool { homogenization?.statistic == .features }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    try measure(rows, gradient: gradient, into: &packed, at: offset)
  }

  /// The pass.
  /// - Parameter columns: what the terms of each class are multiplied by; nil for 1.
  func measure(
    _ rows: LabelledRows, gradient: RowsView?, into packed: inout [Double], at offset: Int, columns: [Double]? = nil
  ) throws {
    let gram = needsClassifierGram ? try self.gram.pointer(rows.classifierGram, centred: false) : nil
    var weights = shape.weights(classes: classes)
    if let own = equalization?.weights(background: background) {
      weights = SigmoidShape.Weights(positive: own.positive, negative: own.negative, background: own.negative)
    }
    if let columns { weights.multiply(by: columns) }
    guard let offsets = memory.0.floats(offsets), let positive = memory.1.floats(weights.positive),
      let negative = memory.2.floats(weights.negative), let others = memory.3.floats(weights.background)
    else { throw LongtailError(.internalError, "objective \(name): no working memory") }
    let parameters = SigmoidParameters(
      offsets: offsets, positiveWeights: positive, negativeWeights: negative, backgroundWeights: others,
      shiftsBackground: shape.shiftsBackground, background: Int32(background ?? classes), collects: equalization != nil)
    for slot in 0..<packedCount { packed[offset + slot] = 0 }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) { self.add(sums, to: &packed, at: offset) }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      func run<Curve: SigmoidCurve>(_ curve: Curve) throws {
        let kernel = SigmoidKernel(parameters: parameters, curve: curve, classes: classes, gram: gram)
        try pass.run(
          kernel, source: rows.logits, target: target, labels: rows.labels, part: part, background: parameters.background, add)
      }
      if let gamma = shape.gamma {
        try run(FocalCurve(gamma: Float(gamma)))
      } else {
        try run(PlainCurve())
      }
    }
  }

  /// The kernel counts background as one more class.
  private func add(_ sums: UnsafeMutableBufferPointer<Double>, to packed: inout [Double], at offset: Int) {
    for block in 0..<3 {
      for k in 0..<classes { packed[offset + block * classes + k] += sums[block * (classes + 1) + k] }
      packed[offset + classCount + block] += sums[block * (classes + 1) + classes]
    }
    for slot in (3 * classes)..<classCount { packed[offset + slot] += sums[slot + 3] }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    var own = ClassSums(sums, classes: classes)
    own.background = (sums.number(classCount), sums.number(classCount + 1), sums.number(classCount + 2))
    var foreground = own.pixels.reduce(0, +)
    if let background { foreground -= own.pixels[background] }
    let denominator = shape.countsForeground ? max(1, foreground) : own.pixels.reduce(0, +) + sums.number(classCount + 1)
    var result = own.result(
      weights: Array(repeating: 1, count: classes), denominator: denominator,
      isFinite: sums.allSatisfy(\.isFinite), homogenization: homogenization, step: step)
    if let background { result.background?.factor = result.factorPerClass[background] }
    return result
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.complete(gradient, rows, result: result, second: second)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try second.planes(like: rows) }

  func commit(_ sums: PackedSums, step: StepContext) throws {
    let result = try result(sums, step: step)
    guard step.isTraining, result.isFinite else { return }
    let gradients = try last(sums, step: step).numbers((3 * classes)..<classCount)
    equalization?.add(gradients)
    _ = homogenization?.scales(of: result)
  }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    try homogenization?.visitState(visit)
    try equalization?.visitState(visit)
  }
}
