import Configuration
import Tensors
import Testing
import Training

/// The small policies of the loop, as values.
@Suite struct LoopPolicyTests {
  private let schedule = RunSchedule(stepsPerEpoch: 4, totalSteps: 22, evaluationEvery: 2)

  private func report(_ change: (inout StepReport) -> Void = { _ in }) -> StepReport {
    var report = StepReport()
    change(&report)
    return report
  }

  @Test func evaluationsLieAtEpochsAndAtTheEnd() {
    #expect((1...22).filter(schedule.isEvaluationDue) == [8, 16, 22])
    #expect(schedule.epochs(after: 7) == 1 && schedule.epochs(after: 8) == 2)
    #expect((0...23).filter(schedule.isEnd) == [22, 23])
  }

  @Test func savesAreDueBySteps() {
    var settings = Configuration.Checkpoint()
    (settings.every, settings.everySteps) = (3, 5)
    var policy = SavePolicy(settings, resumedAt: nil)
    let saved = (1...22).filter { policy.isDue(after: report(), steps: $0, in: schedule) && policy.begin(step: $0) }
    #expect(saved == [5, 10, 12, 15, 20, 22])
  }

  /// What is due after a step that was not finite waits for one that is; somebody who asks does not wait.
  @Test func whatIsOwedWaitsForAFiniteStep() {
    var settings = Configuration.Checkpoint()
    (settings.every, settings.everySteps) = (100, 5)
    var policy = SavePolicy(settings, resumedAt: nil)
    let broken = report { $0.nonFinite = NonFiniteFinding.merged([]) }
    let whileBroken = [5, 6].map { policy.isDue(after: broken, steps: $0, in: schedule) }
    #expect(whileBroken == [false, false])
    let afterwards = policy.isDue(after: report(), steps: 7, in: schedule)
    _ = policy.begin(step: 7)
    let later = policy.isDue(after: report(), steps: 8, in: schedule)
    #expect(afterwards && !later, "it is owed no longer")
    policy.requestSave()
    let best = policy.isDue(after: report(), steps: 9, in: schedule)
    #expect(best)
    _ = policy.begin(step: 9)
    let asked = report {
      $0.nonFinite = NonFiniteFinding.merged([])
      $0.requests.save = true
    }
    let onRequest = policy.isDue(after: asked, steps: 11, in: schedule)
    let atTheEndOfTime = policy.isDue(after: report { $0.requests.timeIsUp = true }, steps: 13, in: schedule)
    #expect(onRequest && atTheEndOfTime)
  }

  @Test func aStepIsSavedOnce() {
    var policy = SavePolicy(Configuration.Checkpoint(), resumedAt: 8)
    let begins = [8, 9, 9, 10].map { policy.begin(step: $0) }
    #expect(begins == [false, true, false, true], "step 8 is the checkpoint that the run goes on from")
  }

  private func ending(_ verdict: NonFinitePolicy.Verdict) -> (saves: Bool, text: String)? {
    switch verdict {
    case .proceed: nil
    case .saveAndEnd(let error): (true, error.message)
    case .end(let error): (false, error.message)
    }
  }

  @Test func whatIsNotFiniteEndsTheRunByItsPolicy() {
    var settings = Configuration.Training()
    func verdict(inARow: Int, total: Int) -> (saves: Bool, text: String)? {
      var history = StepHistory()
      (history.nonFiniteInARow, history.nonFiniteTotal) = (inARow, total)
      return ending(NonFinitePolicy(settings).verdict(on: "the loss of step 3 is not finite", history: history))
    }
    (settings.nonFiniteConsecutiveLimit, settings.nonFiniteTotalLimit) = (3, 5)
    #expect(verdict(inARow: 2, total: 4) == nil)
    #expect(verdict(inARow: 3, total: 3)?.text.contains("3 steps in a row") == true)
    #expect(verdict(inARow: 1, total: 5)?.text.contains("5 steps of this run") == true)
    settings.nonFinite = .stop
    #expect(verdict(inARow: 1, total: 1)?.saves == true)
    settings.nonFinite = .raise
    let raised = verdict(inARow: 1, total: 1)
    #expect(raised?.saves == false && raised?.text.hasPrefix("the loss of step 3 is not finite\n") == true)
  }
}
