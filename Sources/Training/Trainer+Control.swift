import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Tensors

/// What becomes of a step that did not go as it should.
extension Trainer {
  /// What the run does after a step.
  enum Verdict {
    /// It goes on.
    case goOn
    /// It saves what was before the step, and ends with this error. The same on all ranks.
    case saveAndEnd(LongtailError)
    /// It ends with this error, and saves nothing. The same on all ranks.
    case end(LongtailError)
  }

  /// What the configuration says about a step that was not finite.
  func verdict(on report: StepReport) -> Verdict {
    guard let found = report.nonFinite else { return .goOn }
    let training = experiment.configuration.training
    let history = learner.watch.history
    let text = describe(found)
    func error(_ reason: String) -> LongtailError { LongtailError(.notFinite, "\(text)\n  \(reason)", advice: NonFiniteReport.advice) }
    switch training.nonFinite {
    case .raise: return .end(error("training.nonFinite is raise: the run ends at once"))
    case .stop: return .saveAndEnd(error("training.nonFinite is stop: the run ends before this step; resuming repeats it"))
    case .skip:
      if history.nonFiniteInARow >= training.nonFiniteConsecutiveLimit {
        return .end(
          error("\(Self.steps(history.nonFiniteInARow)) in a row were left out, the most that training.nonFiniteConsecutiveLimit allows"))
      }
      if history.nonFiniteTotal >= training.nonFiniteTotalLimit {
        return .end(
          error("\(Self.steps(history.nonFiniteTotal)) of this run were left out, the most that training.nonFiniteTotalLimit allows"))
      }
      return .goOn
    }
  }

  private static func steps(_ count: Int) -> String { count == 1 ? "1 step" : "\(count) steps" }

  private func describe(_ found: NonFiniteReport) -> String {
    found.text(
      sampleName: { [dataset = experiment.dataset] in dataset.identifier(split: .train, index: $0) }, classNames: experiment.classNames)
  }

  /// Adds to an error which checkpoint is left, after waiting until it is complete. Collective; the same on all ranks.
  func namingLastCheckpoint(_ error: LongtailError) throws -> LongtailError {
    var text = ""
    if communicator.isRoot {
      if let store {
        // An error of the writer must not hide the one that ends the run.
        try? writer?.drain()
        let newest = try? store.steps().last.map { store.path(step: $0) }
        text = newest.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet"
      } else {
        text = "no checkpoints were kept"
      }
    }
    var bytes = Array(text.utf8)
    try communicator.broadcast(&bytes, from: 0)
    return LongtailError(error.code, "\(error.message)\n  \(String(decoding: bytes, as: UTF8.self))", advice: error.advice)
  }

  /// Ends a run in which ranks could not take part in a step: what was before it is saved, then the failed ranks speak. Collective.
  func endAfterFailure(_ failure: (any Error)?) throws -> Never {
    if learner.stepCount > 0 {
      try save()
      try writer?.drain()
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

  /// Refuses to end as if nothing was wrong when the last steps were left out and the network gives no finite loss either.
  func requireFiniteEnd(_ report: StepReport, _ evaluation: EvaluationReport) throws {
    guard let found = report.nonFinite, let loss = evaluation.loss, !loss.isFinite else { return }
    let error = LongtailError(
      .notFinite, "\(describe(found))\n  this was the last step, and the loss of the evaluation is not finite either",
      advice: NonFiniteReport.advice)
    throw try namingLastCheckpoint(error)
  }

  /// A batch; on a rank of several that has none to give, an empty one, and the reason is kept for after the step.
  func nextBatch(_ loader: BatchLoader, failure: inout (any Error)?) throws -> Batch? {
    do {
      return try loader.next()
    } catch {
      if communicator.size == 1 { try endAfterFailure(error) }
      failure = error
      learner.hasFailed = true
      let size = experiment.paddedSize
      return Batch(
        withoutPicturesOf: learner.stepCount / stepsPerEpoch, step: learner.stepCount % stepsPerEpoch, height: size.height,
        width: size.width)
    }
  }

  /// What this rank has been asked. Rank zero also looks at the clock.
  func currentRequests(evaluationIsDue: Bool) -> Requests {
    var asked = requests()
    let now = Date().timeIntervalSince1970
    timeLimit?.didSee(publishedStep: writer?.lastPublished?.step, now: now)
    if timeLimit?.isReached(now: now, evaluationIsDue: evaluationIsDue) ?? false { asked.timeIsUp = true }
    return asked
  }

  /// Whether an evaluation follows the step that makes so many.
  func isEvaluationDue(after steps: Int) -> Bool {
    if steps == totalSteps { return true }
    return steps % stepsPerEpoch == 0 && (steps / stepsPerEpoch) % max(1, experiment.configuration.evaluation.every) == 0
  }

  /// Compares the ranks where it is time to. Collective.
  func compareRanksIfDue() throws {
    let every = experiment.configuration.training.compareRanksEvery
    guard every > 0, learner.stepCount % every == 0 else { return }
    try learner.requireEqualStates(crashDirectory: crashDirectory)
  }

  /// Rank zero's limit in time, with what can be known about its needs before the first step.
  static func timeLimit(
    _ experiment: Experiment, learner: Learner, communicator: any Communicator, notes: inout [String]
  ) -> TimeLimit? {
    guard communicator.isRoot else { return nil }
    let now = Date().timeIntervalSince1970
    guard
      let found = TimeLimit.find(
        experiment.configuration.training.timeLimit, environment: ProcessInfo.processInfo.environment,
        start: TimeLimit.processStart(now: now), now: now, notes: &notes)
    else { return nil }
    let buffers = [learner.network.parameters, learner.network.runningStatisticsBuffer] + learner.optimizer.state.map(\.buffer)
    let images = Double(experiment.dataset.count(of: experiment.evaluationSplit))
    return TimeLimit(
      deadline: found.deadline, origin: found.origin, checkpointBytes: buffers.reduce(0) { $0 + $1.byteCount },
      evaluationInSteps: images / Double(max(1, experiment.configuration.training.globalBatch)))
  }
}
