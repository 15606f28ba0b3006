import Runs
import Tensors
import Training

extension TuningPlan {
  /// The share of its epochs that each candidate is trained up to at each rung.
  ///
  /// A rung ends with an evaluation that the run makes anyway, so that a run with pauses is the run without: what is asked for is rounded up to
  /// the next one.
  /// - Throws: `LongtailError(.usage)` where two rungs end with the same evaluation, and `LongtailError` for data that cannot be read.
  func shares() throws -> [[Double]] {
    try candidates.indices.map { candidate in
      guard let configuration = runs(of: candidate).first?.configuration else { return halving.rungs }
      let training = configuration.training
      // Where epochs end a run, their number of steps does not matter.
      let schedule =
        training.steps == nil
        ? RunSchedule(stepsPerEpoch: 1, totalSteps: training.epochs, evaluationEvery: configuration.evaluation.every)
        : try Trainer.schedule(of: Experiment(configuration))
      for (earlier, later) in zip(halving.rungs, halving.rungs.dropFirst()) {
        let step = schedule.pauseStep(atShare: earlier)
        guard later < 1 ? schedule.pauseStep(atShare: later) == step : step == schedule.totalSteps else { continue }
        let epoch = step == schedule.totalSteps ? schedule.totalEpochs : schedule.epochs(after: step)
        throw LongtailError(
          .usage,
          "--rungs: \(SuccessiveHalving.text(earlier)) and \(SuccessiveHalving.text(later)) both end with epoch \(epoch) of "
            + "\(schedule.totalEpochs), because a rung ends with an evaluation (\(candidates[candidate].name), "
            + "evaluation.every: \(configuration.evaluation.every))",
          advice: "Set evaluation.every to a smaller number, or leave one of the rungs out.")
      }
      return halving.rungs.map { $0 < 1 ? schedule.pauseShare(atShare: $0) : 1 }
    }
  }
}
