import Datasets
import Objectives
import Tensors

extension Learner {
  /// The sum that some objectives need before their pass: of class counts, areas, or a histogram of losses. Collective for those.
  func prepareObjective(_ batch: Batch, logits: RowsView, context: StepContext, clock: inout PhaseClock) throws {
    guard objective.preparationCount > 0 else { return }
    var packed = Array(repeating: 0.0, count: objective.preparationCount)
    try batch.labels.withUnsafeBufferPointer {
      try objective.prepare(logits: logits, labels: $0, into: &packed, at: 0, step: context)
    }
    clock.end("objective")
    try communicator.sum(&packed)
    clock.end("reduceStatistics")
    try objective.acceptPreparation(packed: packed, at: 0, step: context)
  }
}
