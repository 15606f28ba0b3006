import Foundation

extension TimeLimit {
  /// The limit of a run, with what can be known about its needs before the first step; nil where it has none.
  /// - Parameter notes: receives what a person has to know about the choice.
  init?(_ experiment: Experiment, learner: Learner, notes: inout [String]) {
    let now = Date().timeIntervalSince1970
    guard
      let found = TimeLimit.find(
        experiment.configuration.training.timeLimit, environment: ProcessInfo.processInfo.environment,
        start: TimeLimit.processStart(now: now), now: now, notes: &notes)
    else { return nil }
    let buffers = [learner.network.parameters, learner.network.runningStatisticsBuffer] + learner.optimizer.state.map(\.buffer)
    let images = Double(experiment.dataset.count(of: experiment.evaluationSplit))
    self.init(
      deadline: found.deadline, origin: found.origin, checkpointBytes: buffers.reduce(0) { $0 + $1.byteCount },
      evaluationInSteps: images / Double(max(1, experiment.configuration.training.globalBatch)))
  }
}
