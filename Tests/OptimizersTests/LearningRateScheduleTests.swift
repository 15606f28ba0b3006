import Optimizers
import Tensors
import Testing

@Suite struct LearningRateScheduleTests {
  private func expectRates(_ schedule: LearningRateSchedule, _ expected: [Double]) {
    for (step, rate) in expected.enumerated() {
      #expect(abs(schedule.rate(atStep: step) - rate) < 1e-12, "step \(step)")
    }
  }

  @Test func matchesPyTorch() throws {
    expectRates(try LearningRateSchedule(base: 0.05, decay: .cosine(totalSteps: 12)), OracleValues.cosineRates)
    expectRates(try LearningRateSchedule(base: 0.05, decay: .cosine(totalSteps: 12, floor: 0.002)), OracleValues.cosineFloorRates)
    expectRates(try LearningRateSchedule(base: 0.05, decay: .polynomial(totalSteps: 12, power: 0.9)), OracleValues.polynomialRates)
    expectRates(try LearningRateSchedule(base: 0.05, decay: .multistep(milestones: [3, 7], factor: 0.1)), OracleValues.multistepRates)
    expectRates(
      try LearningRateSchedule(base: 0.05, decay: .cosine(totalSteps: 12, floor: 0.001), warmUp: .init(steps: 4, startFactor: 0.1)),
      OracleValues.warmCosineRates)
    expectRates(try LearningRateSchedule(base: 0.05), [0.05, 0.05, 0.05])
  }

  @Test func endsAtTheFloorAndStaysThere() throws {
    for decay in [LearningRateSchedule.Decay.cosine(totalSteps: 10, floor: 0.25), .polynomial(totalSteps: 10, power: 2, floor: 0.25)] {
      let schedule = try LearningRateSchedule(base: 1, decay: decay, warmUp: .init(steps: 3, startFactor: 0))
      #expect(schedule.rate(atStep: -5) == 0)
      #expect(schedule.rate(atStep: 0) == 0)
      #expect(schedule.rate(atStep: 3) == 1)
      #expect(schedule.rate(atStep: 9) > 0.25)
      #expect(schedule.rate(atStep: 10) == 0.25)
      #expect(schedule.rate(atStep: 1_000_000) == 0.25)
    }
  }

  @Test func warmUpRisesLinearlyForEveryDecay() throws {
    for decay in [
      LearningRateSchedule.Decay.constant, .cosine(totalSteps: 100), .polynomial(totalSteps: 100), .multistep(milestones: [50]),
    ] {
      let schedule = try LearningRateSchedule(base: 2, decay: decay, warmUp: .init(steps: 10, startFactor: 0.5))
      for step in 0...10 { #expect(abs(schedule.rate(atStep: step) - (1 + Double(step) / 10)) < 1e-12) }
    }
    let early = try LearningRateSchedule(base: 1, decay: .multistep(milestones: [2]), warmUp: .init(steps: 4, startFactor: 0))
    #expect(abs(early.rate(atStep: 3) - 0.075) < 1e-12)
  }

  @Test func milestonesOnOneStepCountEach() throws {
    let schedule = try LearningRateSchedule(base: 1, decay: .multistep(milestones: [3, 3], factor: 0.5))
    #expect(schedule.rate(atStep: 2) == 1)
    #expect(schedule.rate(atStep: 3) == 0.25)
  }

  @Test func nonsenseIsRefused() {
    let cases: [(Double, LearningRateSchedule.Decay, LearningRateSchedule.WarmUp?)] = [
      (-1, .constant, nil), (.nan, .constant, nil), (1, .cosine(totalSteps: 0), nil), (1, .cosine(totalSteps: 5), .init(steps: 5)),
      (1, .cosine(totalSteps: 5, floor: 2), nil), (1, .polynomial(totalSteps: 5, power: 0), nil),
      (1, .polynomial(totalSteps: 5, floor: -1), nil), (1, .multistep(milestones: [6, 5]), nil), (1, .multistep(milestones: [-1]), nil),
      (1, .multistep(milestones: [5], factor: 0), nil), (1, .constant, .init(steps: -1)), (1, .constant, .init(steps: 1, startFactor: 2)),
    ]
    for (base, decay, warmUp) in cases {
      let failure = #expect(throws: LongtailError.self) { try LearningRateSchedule(base: base, decay: decay, warmUp: warmUp) }
      #expect(failure?.code == .usage)
    }
  }
}
