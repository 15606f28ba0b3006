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

  /// Epochs that are complete after so many steps.
  package func epochs(after steps: Int) -> Int { steps / max(1, stepsPerEpoch) }

  /// Whether the run ends after so many steps.
  package func isEnd(after steps: Int) -> Bool { steps >= totalSteps }

  /// Whether the step that makes so many completes an epoch whose number is a multiple of `every`.
  package func completesEpoch(after steps: Int, every: Int) -> Bool {
    steps % stepsPerEpoch == 0 && epochs(after: steps) % max(1, every) == 0
  }

  /// Whether an evaluation follows the step that makes so many. The end of the run always has one.
  package func isEvaluationDue(after steps: Int) -> Bool { steps == totalSteps || completesEpoch(after: steps, every: evaluationEvery) }
}
