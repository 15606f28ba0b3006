import Checkpoints
import Collectives
import Foundation
import Tensors

extension Trainer {
  /// Hands a checkpoint of the present step to the disk, once. Collective: the ranks are compared first, so that nothing is published from
  /// a state that they do not share.
  /// - Throws: `LongtailError`: `ranksDiverged`, or `inputOutput` where too many saves in a row have failed.
  func save() throws {
    guard saving.begin(step: learner.stepCount) else { return }
    communicator.progress.enter(.save)
    try communicator.requireEqualCollectives()
    try learner.requireEqualStates(crashDirectory: crashDirectory)
    timeLimit?.didBeginSave(step: learner.stepCount, now: Date().timeIntervalSince1970)
    try saver?.waitForLastSave(before: learner.stepCount)
    if let contents = try checkpoint() { try saver?.submit(contents, best: scores.best) }
  }

  /// Everything that the run goes on from, with what reports and predictions need beside it; nil on all ranks but zero. Collective.
  func checkpoint() throws -> CheckpointContents? {
    var record = try RunRecord(experiment, groups: statistics.groups, counts: statistics.pixelCounts)
    record.metrics = scores.metrics
    record.best = scores.best
    record.earlyStopping = stopping?.record
    record.elapsedSeconds = elapsed
    let contents = try learner.checkpoint(record)
    return try learner.finished.map { try contents?.publishing($0) } ?? contents
  }

  /// Compares the ranks where it is time to. Collective.
  func compareRanksIfDue() throws {
    let every = experiment.configuration.training.compareRanksEvery
    guard every > 0, learner.stepCount % every == 0 else { return }
    try learner.requireEqualStates(crashDirectory: crashDirectory)
  }
}
