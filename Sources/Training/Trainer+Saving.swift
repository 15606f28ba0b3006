import Checkpoints
import Configuration
import Foundation
import Tensors

extension Trainer {
  /// Hands a checkpoint of the present step to the writer, once. Collective: the ranks are compared first, so that nothing is published from
  /// a state that they do not share.
  ///
  /// Waits for the save before, if it is still in flight, and only then copies the state: at most one copy waits beside the live one.
  /// - Throws: `LongtailError`: `ranksDiverged`, or `inputOutput` where too many saves in a row have failed.
  func save() throws {
    owesSave = false
    guard lastSavedStep != learner.stepCount else { return }
    communicator.progress.enter(.save)
    try communicator.requireEqualCollectives()
    try learner.requireEqualStates(crashDirectory: crashDirectory)
    timeLimit?.didBeginSave(step: learner.stepCount, now: Date().timeIntervalSince1970)
    writer?.wait()
    try noticeFailedSaves()
    try observer?.willSave(step: learner.stepCount)
    if let contents = try checkpoint(), let writer {
      try writer.submit(contents, keeping: Set(best.map(\.step)))
      try observer?.didSave(step: learner.stepCount, best: best)
    }
    lastSavedStep = learner.stepCount
  }

  /// Everything that the run goes on from, with what reports and predictions need beside it; nil on all ranks but zero. Collective.
  func checkpoint() throws -> CheckpointContents? {
    let local = try learner.gatherLocalStatistics()
    guard communicator.isRoot else { return nil }
    var contents = try learner.checkpoint(experiment, metrics: metrics, best: best, elapsed: elapsed)
    contents.state += local
    contents.run.classGroups = statistics.groups.groups.map(\.rawValue)
    return contents
  }

  /// Tells of saves that have failed since the last step, and ends the run where it may not go on without a checkpoint any longer.
  ///
  /// Costs one look at a lock. Only rank zero writes; that it ends the run ends all ranks.
  /// - Throws: `LongtailError` with code `inputOutput` after `checkpoint.failuresAllowed` failed saves in a row.
  func noticeFailedSaves() throws {
    guard let writer, writer.hasFailure else { return }
    let allowed = experiment.configuration.checkpoint.failuresAllowed
    for failure in writer.takeFailures() {
      guard !failure.isPublished, failure.failuresInARow >= allowed else {
        try observer?.didFailToSave(failure, allowed: allowed)
        continue
      }
      throw ending(after: failure, because: allowed == 1 ? "no failed save is allowed" : "\(allowed) saves in a row have failed")
    }
  }

  /// Waits for the last save: a run whose end is not on the disk has not succeeded, and may not say that it was saved.
  /// - Throws: `LongtailError` with code `inputOutput` where it failed.
  func finishSaving() throws {
    guard let writer else { return }
    writer.wait()
    let failures = writer.takeFailures()
    for failure in failures.dropLast(writer.consecutiveFailures > 0 ? 1 : 0) {
      try observer?.didFailToSave(failure, allowed: experiment.configuration.checkpoint.failuresAllowed)
    }
    if let last = failures.last, writer.consecutiveFailures > 0 { throw ending(after: last, because: "it was the last one of this run") }
    try writer.finish()
  }

  private func ending(after failure: CheckpointWriter.Failure, because reason: String) -> LongtailError {
    let error = failure.error as? LongtailError
    let valid = writer?.lastPublished.map { "The last one that was written is of step \($0.step)." } ?? "None was written since this start."
    return LongtailError(
      .inputOutput, "\(error?.message ?? "\(failure.error)"); \(reason)",
      advice: [error?.advice, "\(valid) Then start again with --resume auto."].compactMap { $0 }.joined(separator: " "))
  }
}

extension CheckpointRetention {
  /// What a configuration keeps.
  /// - Throws: `LongtailError` for numbers below 1.
  init(_ settings: Configuration.Checkpoint) throws { try self.init(last: settings.keepLast, every: settings.keepEvery) }
}
