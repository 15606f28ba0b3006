import Foundation
import Tensors

/// Everything that sigmoid losses share: one binary cross-entropy a class, summed over the classes and averaged over the valid pixels.
///
/// Packed vector: losses, pixels and squared gradient norms by the label's class; with `equalization` also 2C sums of |gradient| by class.
final class SigmoidObjective: Objective {
  let name: String
  private let classes: Int
  private let background: Int?
  private let offsets: [Double]
  private var equalization: GradientEqualization?
  private var homogenization: Homogenization?

  private let pass = RowPass()
  private let scaler = RowScaler()
  private var gram: GramMemory
  private var memory = (WorkingMemory(), WorkingMemory(), WorkingMemory())

  /// - Parameters:
  ///   - offsets: what is added to the logits of pixels that are not background, one number a class.
  ///   - background: the class that stands for background, if any.
  ///   - equalization: weights that follow from the gradients so far.
  init(
    name: String, classes: Int, offsets: [Double], background: Int?, equalization: GradientEqualization? = nil,
    homogenization: Homogenization?
  ) {
    self.name = name
    self.classes = classes
    self.offsets = offsets
    self.background = background
    self.equalization = equalization
    self.homogenization = homogenization
    gram = GramMemory(objective: name, classes: classes)
  }

  var packedCount: Int { (equalization == nil ? 3 : 5) * classes }

  var needsClassifierGram: Bool { homogenization?.statistic == .features }

  func setClassifierGram(_ gram: [Double]) throws {
    if needsClassifierGram { try self.gram.set(gram, centred: false) }
  }

  func measure(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, gradient: RowsView?, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(logits, classes: classes)
    try check(packed, at: offset, count: packedCount)
    let gram = needsClassifierGram ? try self.gram.pointer() : nil
    let ones = Array(repeating: 1.0, count: classes)
    let weights = equalization?.weights(background: background) ?? (positive: ones, negative: ones)
    guard let offsets = memory.0.floats(offsets), let positive = memory.1.floats(weights.positive),
      let negative = memory.2.floats(weights.negative)
    else { throw LongtailError(.internalError, "objective \(name): no working memory") }
    let parameters = SigmoidParameters(
      offsets: offsets, positiveWeights: positive, negativeWeights: negative, background: Int32(background ?? -1),
      collects: equalization != nil)
    let kernel = SigmoidKernel(parameters: parameters, classes: classes, gram: gram)
    try pass.run(kernel, source: logits, target: gradient, labels: labels) { sums in
      for slot in 0..<packedCount { packed[offset + slot] = sums[slot] }
    }
  }

  func finish(packed: [Double], at offset: Int, step: StepContext) throws -> StepResult {
    try check(packed, at: offset, count: packedCount)
    let sums = ClassSums(packed: packed, at: offset, classes: classes)
    let isFinite = packed[offset..<(offset + packedCount)].allSatisfy(\.isFinite)
    let gradients = packed[(offset + 3 * classes)..<(offset + packedCount)]
    if step.isTraining && isFinite { equalization?.add(gradients) }
    return sums.result(
      weights: Array(repeating: 1, count: classes), denominator: sums.pixels.reduce(0, +), isFinite: isFinite,
      homogenization: &homogenization, step: step)
  }

  func complete(gradient: RowsView, logits: RowsView, labels: UnsafeBufferPointer<Int32>, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: labels, factors: result.factorPerClass)
  }

  var state: [String: [Double]] { (homogenization?.state ?? [:]).merging(equalization?.state ?? [:]) { $1 } }

  func restore(state: [String: [Double]]) throws {
    var rest = state
    var restored = equalization
    if restored != nil {
      restored?.positive = try take(GradientEqualization.positiveKey, count: classes, from: &rest)
      restored?.negative = try take(GradientEqualization.negativeKey, count: classes, from: &rest)
    }
    try Homogenization.restore(&homogenization, state: rest, objective: name, classes: classes)
    equalization = restored
  }
}

extension SettingsReader {
  /// Reads `background`: the index of a class, or nothing.
  /// - Throws: `LongtailError` if there is no such class.
  func background(classes: Int) throws -> Int? {
    guard let value = value("background"), !value.isNull, value.stringValue != "none" else { return nil }
    guard let index = value.intValue, index >= 0, index < classes else {
      throw wrong("background", value, "none, or the index of a class, 0 to \(classes - 1)")
    }
    return index
  }
}
