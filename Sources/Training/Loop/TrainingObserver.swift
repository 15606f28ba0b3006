import Checkpoints

/// Follows the progress of training; called on rank zero, between steps.
package protocol TrainingObserver: AnyObject {
  /// Training begins, or goes on from a checkpoint.
  func trainingWillStart(_ start: TrainingStart) throws
  /// There is something to tell.
  func didNote(_ text: String)
  /// A step is done.
  func didStep(_ report: StepReport) throws
  /// An evaluation is done.
  func didEvaluate(_ report: EvaluationReport, learner: Learner) throws
  /// A checkpoint is about to be written: what it counts on has to be on the disk first.
  func willSave(step: Int) throws
  /// A checkpoint is on its way to the disk.
  func didSave(step: Int, best: [RunRecord.Best]) throws
  /// A checkpoint could not be written, or older ones not removed; the run goes on.
  /// - Parameter allowed: this many failures in a row end the run.
  func didFailToSave(_ failure: CheckpointWriter.Failure, allowed: Int) throws
}

extension TrainingObserver {
  /// Does nothing.
  package func didNote(_ text: String) {}
  /// Does nothing.
  package func willSave(step: Int) throws {}
  /// Does nothing.
  package func didFailToSave(_ failure: CheckpointWriter.Failure, allowed: Int) throws {}
}

/// How training begins.
package struct TrainingStart: Sendable {
  /// Steps of the whole run.
  package var totalSteps = 0
  /// Steps of an epoch.
  package var stepsPerEpoch = 0
  /// Epochs of the whole run.
  package var epochs = 0
  /// Steps already done.
  package var firstStep = 0
  /// Learned numbers.
  package var parameterCount = 0
  /// Bytes of all activations.
  package var arenaByteCount = 0
  /// How gradients are summed over ranks.
  package var reduction = ""
  /// The checkpoint that training goes on from, and those that were rejected with reasons; limits in time.
  package var resumed: [String] = []

  /// An empty description.
  package init() {}
}

/// What is left when training is over.
package struct TrainingSummary: Sendable {
  /// One digest over model, optimizer and state: equal for equal runs.
  package var digest = ""
  /// Steps done.
  package var steps = 0
  /// The last evaluation.
  package var evaluation: EvaluationReport?
  /// The best evaluations.
  package var best: [RunRecord.Best] = []
  /// Whether the run was stopped before its end, with its state saved.
  package var wasStopped = false
  /// Why, in words: `on request`.
  package var stopReason = "on request"
  /// Whether the run pauses, with its state saved, as was asked for from the beginning.
  package var wasPaused = false
  /// Why the run ended before its last step, where it got no better; nil for one that did not.
  package var earlyEnd: String?
  /// Seconds that the step waited for data, on this rank.
  package var secondsWaitedForData = 0.0
}

/// Where training begins.
package enum ResumePolicy: String, Sendable, CaseIterable {
  /// From the first step; a run directory with checkpoints is refused.
  case never
  /// From the newest valid checkpoint, or from the first step where there is none.
  case auto
  /// From the newest valid checkpoint, which must be there.
  case required
}
