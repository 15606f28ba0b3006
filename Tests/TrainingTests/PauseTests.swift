import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Pauses lie where evaluations are anyway.
@Suite struct PauseTests {
  @Test func aPauseIsBehindAnEvaluation() {
    let every = RunSchedule(stepsPerEpoch: 10, totalSteps: 300, evaluationEvery: 1)
    #expect(every.totalEpochs == 30)
    #expect(every.pauseStep(atShare: 1.0 / 3) == 100)
    // 0.1 x 30 is 3.0000000000000004 in binary numbers.
    #expect(every.pauseStep(atShare: 0.1) == 30)
    #expect(every.pauseStep(atShare: 0.34) == 110)
    #expect(every.pauseStep(atShare: 1) == 300)
    #expect(every.pauseStep(atShare: 0.001) == 10)
    let tenth = RunSchedule(stepsPerEpoch: 10, totalSteps: 120, evaluationEvery: 10)
    #expect(tenth.pauseStep(atShare: 1.0 / 3) == 100 && tenth.pauseShare(atShare: 1.0 / 3) == 100.0 / 120)
    for (stepsPerEpoch, total, evaluation) in [(7, 70, 3), (1, 5, 2), (4, 30, 1), (10, 25, 4)] {
      let schedule = RunSchedule(stepsPerEpoch: stepsPerEpoch, totalSteps: total, evaluationEvery: evaluation)
      for share in stride(from: 0.05, through: 1, by: 0.05) {
        let step = schedule.pauseStep(atShare: share)
        #expect(schedule.isEvaluationDue(after: step), "\(schedule), \(share): \(step)")
        #expect(Double(step) >= min(share * Double(schedule.totalEpochs * stepsPerEpoch), Double(total)) - 1e-6)
      }
    }
  }
}
