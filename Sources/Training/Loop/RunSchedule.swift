/// Where epochs, evaluations and the end of a run lie among its steps.
struct RunSchedule: Sendable, Equatable {
  /// Steps of an epoch.
  let stepsPerEpoch: Int
  /// Steps of the whole run.
  let totalSteps: Int
  /// Epochs from one evaluation to the next.
  let evaluationEvery: Int

  /// Epochs that are complete after so many steps.
  func epochs(after steps: Int) -> Int { steps / max(1, stepsPerEpoch) }

  /// Whether the run ends after so many steps.
  func isEnd(after steps: Int) -> Bool { steps >= totalSteps }

  /// Whether the step that makes so many completes an epoch whose number is a multiple of `every`.
  func completesEpoch(after steps: Int, every: Int) -> Bool {
    steps % stepsPerEpoch == 0 && epochs(after: steps) % max(1, every) == 0
  }

  /// Whether an evaluation follows the step that makes so many. The end of the run always has one.
  func isEvaluationDue(after steps: Int) -> Bool { steps == totalSteps || completesEpoch(after: steps, every: evaluationEvery) }
}
