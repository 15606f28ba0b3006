import Configuration

/// When a run saves: by steps, by epochs, when a metric is better than ever, at its end and when somebody asks.
///
/// What has failed in a step may be the parameters: what is due then waits until a step with them was finite.
package struct SavePolicy {
  private let everySteps: Int?
  private let everyEpochs: Int
  private var needsSave = false
  private var lastSavedStep: Int?

  /// - Parameter step: the step of the checkpoint that the run goes on from, which need not be saved again.
  package init(_ settings: Configuration.Checkpoint, resumedAt step: Int?) {
    everySteps = settings.everySteps
    everyEpochs = settings.every
    lastSavedStep = step
  }

  /// This state has to be kept, whatever the steps say.
  package mutating func requestSave() { needsSave = true }

  /// Whether to save after a step. The same on all ranks, like all that is asked here.
  package mutating func isDue(after report: StepReport, steps: Int, in schedule: RunSchedule) -> Bool {
    if everySteps.map({ steps % $0 == 0 }) ?? false || schedule.completesEpoch(after: steps, every: everyEpochs) { needsSave = true }
    if schedule.isEnd(after: steps) || report.requests.save || report.requests.isStop { return true }
    return needsSave && report.nonFinite == nil
  }

  /// A save begins; false where this step is saved already.
  package mutating func begin(step: Int) -> Bool {
    needsSave = false
    guard lastSavedStep != step else { return false }
    lastSavedStep = step
    return true
  }
}
