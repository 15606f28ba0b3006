import Settings
import Tensors

/// Recall loss: cross-entropy with each class weighted by the share of its pixels that the network misses in the step.
///
/// With n_k the valid pixels of class k in the global batch and f_k those of them whose class does not have the largest logit, the loss is
/// sum over pixels of v_y (-log q) / number of valid pixels with v_k = max(f_k, 1) / n_k, at most 1: one minus the recall, where one pixel
/// counts as missed even if none is, as in the released code. Of several equal largest logits each counts as the largest. The weights
/// count as constants.
///
/// Weights act on whole classes, so they can be applied after the one sum over the ranks: C counts of misses beside the 3C numbers of
/// cross-entropy, in the same round and the same pass. Evaluation takes the recall of the rows that are evaluated.
///
/// Source: Tian, Mithun, Seymour, Chiu, Kira, ICRA 2022, arXiv:2106.14917.
package enum RecallLoss {
  static let entry = ObjectiveRegistry.Entry(
    "recall", summary: "cross-entropy, classes weighted by the share of their pixels that is missed in the step",
    about: "A class that is found weighs little, one that is missed weighs one. No counts are needed: the weights follow the training.",
    source: "Tian, Mithun, Seymour, Chiu, Kira, ICRA 2022, arXiv:2106.14917", settings: SoftmaxSettings()
  ) { settings, context in
    RecallObjective(base: try SoftmaxObjective.make("recall", settings, context, term: Term()), classes: context.classes)
  }

  struct Term: SoftmaxTerm {
    @inline(__always) static var countsMisses: Bool { true }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }

  /// v, from the pixels of each class and those of them that are missed; 0 for classes without a pixel.
  package static func weights(pixels: ArraySlice<Double>, misses: ArraySlice<Double>) -> [Double] {
    zip(pixels, misses).map { pixels, misses in pixels > 0 ? min(1, max(misses, 1) / pixels) : 0 }
  }
}

/// Makes the weights of recall loss from the step's sums. One round: the softmax loss's numbers and C counts of missed pixels.
final class RecallObjective: SoftmaxBased {
  let base: SoftmaxObjective
  private let classes: Int

  init(base: SoftmaxObjective, classes: Int) {
    self.base = base
    self.classes = classes
  }

  var rounds: [Int] { base.rounds }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try base.measure(round: round, rows, gradient: gradient, earlier: earlier, into: &packed, at: offset, step: step)
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let own = try last(sums, step: step)
    let pixels = own.numbers(classes..<(2 * classes))
    let weights = RecallLoss.weights(pixels: pixels, misses: own.numbers((3 * classes)..<(4 * classes)))
    return try base.result(sums, denominator: pixels.reduce(0, +), classWeights: weights, step: step)
  }

  func commit(_ sums: PackedSums, step: StepContext) throws { base.commit(try result(sums, step: step), step: step) }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try base.visitState(visit) }
}
