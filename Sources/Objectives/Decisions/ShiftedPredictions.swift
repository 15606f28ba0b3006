import Tensors

/// An objective whose predictions are made from scores less t times the logarithm of each class's share: z_k - t log pi_k.
///
/// Training is the objective's own. Where it adjusts predictions itself, this shift takes the place of its own.
package final class ShiftedPredictions: Objective {
  private let base: any Objective
  package let predictionOffsets: [Double]?

  /// - Parameters:
  ///   - base: what is trained with.
  ///   - pixelCounts: labelled pixels of each class in the training split; those below 1 count as 1.
  ///   - strength: t.
  package init(_ base: any Objective, pixelCounts: [Double], strength: Double) {
    self.base = base
    predictionOffsets = LogitAdjustment.postHocOffsets(pixelCounts: pixelCounts, temperature: strength)
  }

  package var name: String { base.name }
  package var rounds: [Int] { base.rounds }
  package var needsClassifierGram: Bool { base.needsClassifierGram }

  package func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try base.measure(round: round, rows, gradient: gradient, earlier: earlier, into: &packed, at: offset, step: step)
  }

  package func result(_ sums: PackedSums, step: StepContext) throws -> StepResult { try base.result(sums, step: step) }

  package func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try base.complete(gradient: gradient, rows, result: result)
  }

  package func commit(_ sums: PackedSums, step: StepContext) throws { try base.commit(sums, step: step) }

  package func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try base.visitState(visit) }
}
