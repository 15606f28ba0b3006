import Networks
import Objectives
import Tensors

/// The loss of a network's auxiliary outputs: plain cross-entropy over the labelled pixels of the global batch, times each output's weight.
///
/// The objective proper acts on the output alone: its class statistics, weights and running state are those of the logits that predictions
/// are made from. Cross-entropy keeps no state, so that nothing of it has to be saved.
final class AuxiliaryLoss {
  /// Numbers in the packed vector, over all outputs.
  var packedCount: Int { objective.packedCount * weights.count }
  /// The weighted sum over the outputs in the last step.
  private(set) var loss = 0.0

  private let objective: any Objective
  private let weights: [Double]
  private var results: [StepResult] = []

  /// - Returns: nil for a network without auxiliary outputs.
  init?(_ graph: Graph) throws {
    guard !graph.auxiliaryOutputs.isEmpty else { return nil }
    weights = graph.auxiliaryOutputs.map(\.weight)
    objective = try ObjectiveRegistry.make("crossEntropy", context: ObjectiveContext(classes: graph.channels(of: graph.output)))
  }

  /// As `Objective.measure`, for all outputs one after the other.
  func measure(
    _ plan: any TrainingPass, labels: UnsafeBufferPointer<Int32>, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    for (i, rows) in plan.auxiliary.enumerated() {
      try objective.measure(
        round: 0, LabelledRows(logits: rows.logits, labels: labels), gradient: rows.gradient, earlier: PackedSums(), into: &packed,
        at: offset + i * objective.packedCount, step: step)
    }
    // A rank without images has outputs all the same, of no rows.
    guard plan.auxiliary.count == weights.count else {
      throw LongtailError(.internalError, "the plan has \(plan.auxiliary.count) auxiliary outputs, the network \(weights.count)")
    }
  }

  /// As `Objective.result`; the factors of the gradient's rows have the output's weight.
  func finish(packed: [Double], at offset: Int, step: StepContext) throws {
    results.removeAll(keepingCapacity: true)
    loss = 0
    for (i, weight) in weights.enumerated() {
      let first = offset + i * objective.packedCount
      let result = try objective.result(PackedSums([packed[first..<(first + objective.packedCount)]]), step: step)
      loss += weight * result.loss
      results.append(result.scalingGradient(by: weight))
    }
  }

  /// As `Objective.complete`.
  func complete(_ plan: any TrainingPass, labels: UnsafeBufferPointer<Int32>) throws {
    for (rows, result) in zip(plan.auxiliary, results) {
      try objective.complete(gradient: rows.gradient, LabelledRows(logits: rows.logits, labels: labels), result: result)
    }
  }
}
