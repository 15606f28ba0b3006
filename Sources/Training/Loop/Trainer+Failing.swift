import Collectives
import Datasets
import Foundation
import Tensors

/// How a run ends in which something fails.
extension Trainer {
  /// Lets the policy judge a step, and ends the run where it says so. Collective.
  /// - Throws: `LongtailError` with what was wrong and which checkpoint is left; the same on all ranks.
  func judge(_ report: StepReport) throws {
    guard let found = report.nonFinite else { return }
    switch nonFinitePolicy.verdict(on: describe(found), history: learner.watch.history) {
    case .proceed: learner.count(images: report.images)
    case .saveAndEnd(let error):
      try observer?.didStep(report)
      if learner.stepCount > 0 { try save() }
      throw try namingLastCheckpoint(error)
    case .end(let error):
      try observer?.didStep(report)
      throw try namingLastCheckpoint(error)
    }
  }

  /// Refuses to end as if nothing was wrong when the last steps were left out and the network gives no finite loss either.
  func requireFiniteEnd(_ report: StepReport, _ evaluation: EvaluationReport) throws {
    guard let found = report.nonFinite, let loss = evaluation.loss, !loss.isFinite else { return }
    let error = LongtailError(
      .notFinite, "\(describe(found))\n  this was the last step, and the loss of the evaluation is not finite either",
      advice: NonFiniteReport.advice)
    throw try namingLastCheckpoint(error)
  }

  private func describe(_ found: NonFiniteReport) -> String {
    found.text(
      sampleName: { [dataset = experiment.dataset] in dataset.identifier(split: .train, index: $0) }, classNames: experiment.classNames)
  }

  /// Adds to an error which checkpoint is left, after waiting until it is complete. Collective; the same on all ranks.
  private func namingLastCheckpoint(_ error: LongtailError) throws -> LongtailError {
    var bytes = communicator.isRoot ? Array((saver?.lastCheckpoint ?? "no checkpoints were kept").utf8) : []
    try communicator.broadcast(&bytes, from: 0)
    return LongtailError(error.code, "\(error.message)\n  \(String(decoding: bytes, as: UTF8.self))", advice: error.advice)
  }

  /// A batch, nil after the last one; on a rank of several that has none to give, an empty one with the reason, for after the step.
  func nextBatch(_ loader: BatchLoader) throws -> (batch: Batch?, failure: (any Error)?) {
    do {
      return (try loader.next(), nil)
    } catch {
      if communicator.size == 1 { try endAfterFailure(error) }
      let size = experiment.paddedSize
      let empty = Batch(
        withoutImagesIn: schedule.epochs(after: learner.stepCount), step: learner.stepCount % stepsPerEpoch, height: size.height,
        width: size.width, targets: experiment.task.makeTargets(capacity: 0, size: size))
      return (empty, error)
    }
  }

  /// Ends a run in which ranks could not take part in a step: what was before it is saved, then the failed ranks speak. Collective.
  /// - Parameter failure: why this rank could not; nil where it could.
  func endAfterFailure(_ failure: (any Error)?) throws -> Never {
    if learner.stepCount > 0 {
      try save()
      try saver?.drain()
    }
    try communicator.barrier()
    if let failure {
      let saved = learner.stepCount > 0 && hasCheckpoints ? "; the state after step \(learner.stepCount) is saved" : ""
      let known = failure as? LongtailError
      throw LongtailError(
        known?.code ?? .internalError,
        "step \(learner.stepCount + 1) cannot be done: \(known?.message ?? String(describing: failure))\(saved)",
        advice: known?.advice)
    }
    // The failed rank ends this one, as soon as it has spoken.
    try communicator.barrier()
    throw LongtailError(.internalError, "another rank could not go on after step \(learner.stepCount)")
  }
}
