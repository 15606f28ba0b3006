/// Where epochs, evaluations and the end of a run lie among its steps.
package struct RunSchedule: Sendable, Equatable {
  /// Steps of an epoch.
  package let stepsPerEpoch: Int
  /// Steps of the whole run.
  package let totalSteps: Int
  /// Epochs from one evaluation to the next.
  package let evaluationEvery: Int

  /// - Parameter evaluationEvery: epochs from one evaluation to the next.
  package init(stepsPerEpoch: Int, totalSteps: Int, evaluationEvery: Int) {
    (self.stepsPerEpoch, self.totalSteps, self.evaluationEvery) = (stepsPerEpoch, totalSteps, evaluationEvery)
  }

  /// Epochs that are complete after this many steps.
  package func epochs(after steps: Int) -> Int { steps / max(1, stepsPerEpoch) }

  /// Epochs of the whole run, with a last one that is cut short.
  package var totalEpochs: Int { (totalSteps + max(1, stepsPerEpoch) - 1) / max(1, stepsPerEpoch) }

  /// The step that a run pauses behind: the first one with at least a share of the whole run's epochs behind it that an evaluation follows
  /// anyway, so that a run with pauses is the same run. That of the end where there is no such step before.
  /// - Parameter share: from 0 to 1.
  package func pauseStep(atShare share: Double) -> Int {
    // 0.1 x 30 is a little more than 3 in binary numbers.
    let epochs = max(1, Int((share * Double(totalEpochs) - 1e-9).rounded(.up)))
    let every = max(1, evaluationEvery)
    return min(totalSteps, (epochs + every - 1) / every * every * max(1, stepsPerEpoch))
  }

  /// The share of the whole run's steps that is really behind it at such a pause: at least `share`, and more where no evaluation follows it.
  /// - Parameter share: from 0 to 1.
  package func pauseShare(atShare share: Double) -> Double { Double(pauseStep(atShare: share)) / Double(max(1, totalSteps)) }

  /// Whether the run ends after this many steps.
  package func isEnd(after steps: Int) -> Bool { steps >= totalSteps }

  /// Whether the step that makes this many completes an epoch whose number is a multiple of `every`.
  package func completesEpoch(after steps: Int, every: Int) -> Bool {
    steps % stepsPerEpoch == 0 && epochs(after: steps) % max(1, every) == 0
  }

  /// Whether an evaluation follows the step that makes this many. The end of the run always has one.
  package func isEvaluationDue(after steps: Int) -> Bool { steps == totalSteps || completesEpoch(after: steps, every: evaluationEvery) }
}
