import Configuration
import Tensors
import TestSupport
import Testing

/// Points of a run in steps, epochs and shares.
@Suite struct MomentTests {
  private func message(_ yaml: String) -> String? { longtailError { _ = try Configuration(yaml: yaml, name: "my") }?.message }

  @Test func unitsAreRead() {
    let cases: [(String, Moment?)] = [
      ("4000 steps", .steps(4000)), ("1 step", .steps(1)), ("160 epochs", .epochs(160)), ("2.5epochs", .epochs(2.5)),
      ("1 epoch", .epochs(1)),
      ("80 %", .share(0.8)), ("80%", .share(0.8)), ("0.5 %", .share(0.005)), ("100%", .share(1)), ("101 %", nil), ("1.5 steps", nil),
      ("80", nil),
      ("-3 steps", nil), ("steps", nil), ("3 hours", nil), ("", nil), ("1.2.3 epochs", nil),
    ]
    for (text, expected) in cases { #expect(Moment(text) == expected, "\(text)") }
  }

  @Test func unitsComeToSteps() {
    #expect(Moment.steps(7).step(stepsPerEpoch: 10, totalSteps: 100) == 7)
    #expect(Moment.epochs(2.5).step(stepsPerEpoch: 10, totalSteps: 100) == 25)
    #expect(Moment.share(0.8).step(stepsPerEpoch: 10, totalSteps: 17_000) == 13_600)
    // To the nearest step.
    #expect(Moment.share(0.8).step(stepsPerEpoch: 1, totalSteps: 3) == 2)
  }

  @Test func whatIsReadIsWritten() throws {
    let schedule = try Configuration(
      yaml: "schedule: {name: multistep, warmup: 2.5 %, milestones: [0.5 epochs, 160, 7 %, 90 %, 20000 steps]}")
    #expect(schedule.schedule.warmup == Stretch(.share(0.025)))
    #expect(schedule.schedule.milestones == [.epochs(0.5), .epochs(160), .share(0.07), .share(0.9), .steps(20_000)])
    #expect(try Configuration(yaml: schedule.yaml()).schedule == schedule.schedule)
  }

  /// Files of earlier versions mean what they meant, and are written as they were.
  @Test func plainNumbersAreEpochs() throws {
    let configuration = try Configuration(yaml: "schedule: {name: multistep, warmupSteps: 30, milestones: [20, 25]}")
    #expect(configuration.schedule.milestones == [.epochs(20), .epochs(25)])
    #expect(configuration.schedule.warmup == nil && configuration.schedule.warmupSteps == 30)
    #expect(configuration.setting.mapValue?["schedule"]?.mapValue?["milestones"] == [20, 25])
  }

  @Test func whatIsAmbiguousIsRefused() {
    #expect(
      message("schedule: {milestones: [0.8]}")
        == "my.yaml:1: `schedule.milestones` is [0.8] (a list), expected a list, each element a whole number of epochs, or a text such as 4000 "
        + "steps, 2.5 epochs or 80 %; element 1 is 0.8; write 80 % for a share of the run, or 0.8 epochs")
    #expect(
      message("schedule: {warmup: 5}")
        == "my.yaml:1: `schedule.warmup` is 5 (a whole number), expected a text such as 500 steps, 5 epochs or 3 % or nothing; say what it "
        + "counts: 5 epochs, or 5 steps")
    #expect(message("schedule: {name: multistep, milestones: [0 %]}")?.contains("it must be above 0 %") == true)
    #expect(message("schedule: {name: multistep, milestones: [90 %, 80 %]}")?.contains("they must rise") == true)
    // Only the run's length can tell which of these comes first.
    #expect(message("schedule: {name: multistep, milestones: [160 epochs, 80 %]}") == nil)
    #expect(message("schedule: {warmup: 5 epochs, warmupSteps: 3}")?.contains("leave one of the two out") == true)
  }
}
