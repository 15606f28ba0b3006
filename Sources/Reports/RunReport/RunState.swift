import Foundation
import Tasks

/// Whether a run is at its end, at work, or waits for somebody to go on with it.
package enum RunState: String, Sendable, CaseIterable {
  /// It has done all its steps and was evaluated after the last.
  case finished
  /// A trainer holds its directory.
  case running
  /// It ended early: somebody asked it to, or it was killed.
  case interrupted
}

extension RunResults {
  /// Steps of an epoch: as many as the training images give whole batches, or, where their number is not known, as many as the first
  /// epoch of the log has. Nil before that.
  package var stepsPerEpoch: Int? {
    let settings = configuration.training
    if let images = training.imageCount, settings.globalBatch > 0 {
      let whole = images / settings.globalBatch
      return max(1, settings.dropLast || images % settings.globalBatch == 0 ? whole : whole + 1)
    }
    guard let first = steps.first, let second = steps.first(where: { $0.epoch > first.epoch }) else { return nil }
    return second.step - first.step
  }

  /// Steps of the whole run, where known.
  package var totalSteps: Int? {
    let settings = configuration.training
    guard let stepsPerEpoch else { return settings.steps }
    return min(settings.epochs * stepsPerEpoch, settings.steps ?? Int.max)
  }

  /// Whether the last step is done and was judged.
  package var isFinished: Bool {
    guard let last, last.step > 0, last.step >= stepCount else { return false }
    if let totalSteps { return last.step >= totalSteps }
    return last.epoch >= configuration.training.epochs
  }

  /// How the run stands now. A lock of another host counts as that of a running trainer, since nothing can be known about it.
  package var state: RunState {
    if isFinished { return .finished }
    guard let data = FileManager.default.contents(atPath: "\(path)/run.lock"),
      let holder = try? JSONDecoder().decode(RunLock.Holder.self, from: data)
    else { return .interrupted }
    return holder.isAlive == false ? .interrupted : .running
  }

  /// What was noted when somebody asked the run to stop; nil where nobody did.
  package var stopNote: String? {
    FileManager.default.contents(atPath: "\(path)/STOPPED")
      .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
  }

  /// Seconds of all steps and evaluations, pauses between starts left out.
  package var trainingSeconds: Double { steps.reduce(0) { $0 + $1.seconds } + evaluations.reduce(0) { $0 + $1.seconds } }

  /// The evaluation with the best main score; the earliest of equal ones.
  package var bestEvaluation: EvaluationRecord? {
    evaluations.filter { $0.main != nil }.max { (sign * ($0.main ?? 0), $1.step) < (sign * ($1.main ?? 0), $0.step) }
  }

  /// 1 where the larger values of the main score are the better ones, -1 where the smaller ones are.
  var sign: Double { task.main?.direction == .smaller ? -1 : 1 }

  /// Names of the scores of evaluations, and of groups, which stand for their main score.
  var scoreNames: [String] { ScoreTable(task.scores, groups: task.groups, classes: []).entries.map(\.name) + task.groups }

  /// The last value of a score, or of a group's main score, by its name; larger is better in what is returned.
  func lastValue(named name: String) -> Double? {
    guard let last else { return nil }
    if let score = last.scores.first(where: { $0.name == name }) {
      return score.value.map { score.kind.direction == .smaller ? -$0 : $0 }
    }
    return last.main(ofGroup: name).map { sign * $0 }
  }
}
