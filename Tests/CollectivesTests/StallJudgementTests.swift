import Collectives
import Testing

/// What a watchdog concludes from the board of a node.
@Suite struct StallJudgementTests {
  private let now: UInt64 = 10_000_000_000_000
  private var limits: WatchdogLimits {
    var limits = WatchdogLimits()
    (limits.warning, limits.limit) = (60, 600)
    return limits
  }

  private func state(
    _ rank: Int, _ phase: WorkPhase, for seconds: Double, step: Int = 12, sequence: Int = 40, waits: Bool = false,
    process: RankState.ProcessState = .running
  ) -> RankState {
    RankState(
      rank: rank, process: Int32(100 + rank), phase: phase, step: step, since: now - UInt64(seconds * 1e9), sequence: sequence,
      operation: .sum, count: 9, isWaiting: waits, processState: process)
  }

  private func judge(_ states: [RankState], notBefore: UInt64 = 0, habit: [WorkPhase: Double] = [:]) -> StallJudgement {
    StallJudgement(states, limits, now: now, notBefore: notBefore, habit: habit)
  }

  @Test func ranksThatGetOnAreFine() {
    #expect(judge([]).verdict == .fine)
    #expect(judge([state(0, .forward, for: 59), state(1, .reduce, for: 2, waits: true)]).verdict == .fine)
  }

  @Test func theRankBehindIsNamed() {
    let judgement = judge([
      state(0, .reduce, for: 70, sequence: 41, waits: true), state(1, .backward, for: 65),
      state(2, .reduce, for: 66, sequence: 41, waits: true),
    ])
    #expect(judgement.verdict == .slow && !judgement.isElsewhere)
    #expect(judgement.culprits.map(\.rank) == [1] && judgement.waiting.map(\.rank) == [0, 2])
    let text = judgement.text(host: "node7", nodes: 1)
    #expect(
      text.hasPrefix(
        "node7: one rank holds the others up for 65 s: rank 1 in phase backward of step 12; "
          + "ranks 0 and 2 wait in phase reduce of step 12, in collective 41 (sum of 9 numbers). Perhaps "), "\(text)")
  }

  /// How long the others have waited does not count: they wait for one that has only begun.
  @Test func onlyTheCulpritsTimeCounts() {
    let judgement = judge([state(0, .reduce, for: 700, sequence: 41, waits: true), state(1, .save, for: 5)])
    #expect(judgement.verdict == .fine)
  }

  @Test func atTheLimitItIsOver() {
    let judgement = judge([state(0, .reduce, for: 610, sequence: 41, waits: true), state(1, .data, for: 605)])
    #expect(judgement.verdict == .over && judgement.culprits.map(\.rank) == [1])
    var patient = limits
    patient.limits = [.data: 3600]
    let states = [state(0, .reduce, for: 610, sequence: 41, waits: true), state(1, .data, for: 605)]
    #expect(StallJudgement(states, patient, now: now).verdict == .slow)
  }

  @Test func aStoppedRankInsideTheSameCollectiveIsNamed() {
    let judgement = judge([state(0, .reduce, for: 70, waits: true), state(1, .reduce, for: 70, waits: true, process: .stopped)])
    #expect(judgement.culprits.map(\.rank) == [1] && judgement.waiting.map(\.rank) == [0])
    let text = judgement.text(host: "n", nodes: 2)
    #expect(text.contains("stopped by a signal or a debugger: process 101") && text.hasSuffix("; rank 0 waits there, too"), "\(text)")
  }

  @Test func wholeNodeWaitsForAnother() {
    let states = (0..<4).map { state($0, .reduce, for: 70, waits: true) }
    let judgement = judge(states)
    #expect(judgement.verdict == .slow && judgement.isElsewhere)
    let text = judgement.text(host: "n", nodes: 2)
    #expect(text.contains("ranks 0 to 3 wait for 70 s") && text.contains("a rank on another node holds them up"), "\(text)")
    #expect(judgement.text(host: "n", nodes: 1).contains("MPI itself does not get on"))
    // The phase of the other node is not known here: the longest limit counts, that of the start.
    #expect(judge((0..<4).map { state($0, .reduce, for: 700, waits: true) }).verdict == .slow)
    #expect(judge((0..<4).map { state($0, .reduce, for: 2401, waits: true) }).verdict == .over)
  }

  @Test func withoutCollectivesEachStandsForItself() {
    let judgement = judge([state(0, .data, for: 90), state(1, .forward, for: 1)])
    #expect(judgement.verdict == .slow && judgement.culprits.map(\.rank) == [0])
    #expect(judgement.text(host: "n", nodes: 1).contains("no progress for 90 s: rank 0 in phase data of step 12. Perhaps the files"))
  }

  @Test func patienceBeforeTheFirstStep() {
    #expect(judge([state(0, .start, for: 290, step: 0)]).verdict == .fine)
    let judgement = judge([state(0, .start, for: 301, step: 0)])
    #expect(judgement.verdict == .slow && judgement.text(host: "n", nodes: 1).contains("phase init, before the first step"))
  }

  @Test func whatIsUsualIsNotWarnedOf() {
    #expect(judge([state(0, .forward, for: 90)], habit: [.forward: 150]).verdict == .fine)
    #expect(judge([state(0, .forward, for: 160)], habit: [.forward: 150]).verdict == .slow)
  }

  /// A job that was suspended as a whole has its time anew when it goes on.
  @Test func timeInWhichNobodyRanDoesNotCount() {
    let states = [state(0, .reduce, for: 9000, sequence: 41, waits: true), state(1, .data, for: 9000)]
    #expect(judge(states, notBefore: now - 1_000_000_000).verdict == .fine)
    #expect(judge(states, notBefore: now - 100_000_000_000).verdict == .slow)
  }

  @Test func aVanishedProcessIsLost() {
    let judgement = judge([state(0, .reduce, for: 3, sequence: 41, waits: true), state(1, .forward, for: 3, process: .gone)])
    #expect(judgement.verdict == .lost && judgement.culprits.map(\.rank) == [1])
    #expect(judgement.text(host: "n", nodes: 1).contains("rank 1 (process 101) is gone without a word, from phase forward of step 12"))
  }

  @Test func recordsDependOnKindSizeAndOrder() {
    func record(_ calls: [(CollectiveOperation, Int)]) -> CollectiveRecord {
      var record = CollectiveRecord()
      for (operation, size) in calls { record.add(operation, size: size) }
      return record
    }
    let base = record([(.sum, 3), (.barrier, 0), (.sum, 4)])
    #expect(base == record([(.sum, 3), (.barrier, 0), (.sum, 4)]) && base.count == 3)
    for other in [
      [(.sum, 3), (.barrier, 0)], [(.sum, 4), (.barrier, 0), (.sum, 3)], [(.maximum, 3), (.barrier, 0), (.sum, 4)],
      [(.sum, 3), (.sum, 4), (.barrier, 0)],
    ] as [[(CollectiveOperation, Int)]] {
      #expect(record(other).hash != base.hash)
    }
  }

  @Test func disagreementsNameTheFirstOtherRank() {
    func call(_ sequence: Int, _ operation: CollectiveOperation, _ size: Int) -> CollectiveCall {
      CollectiveCall(sequence: sequence, operation: operation, size: size, phase: .reduce, step: 3)
    }
    #expect(CollectiveCall.disagreement([call(1, .sum, 2), call(1, .sum, 2)]) == nil)
    let error = CollectiveCall.disagreement([call(5, .sum, 2), call(5, .sum, 2), call(5, .broadcast, 0)])
    #expect(error?.code == .ranksDiverged)
    #expect(error?.message.contains("rank 0 begins a sum of 2 numbers") == true)
    #expect(error?.message.contains("rank 2 a broadcast from rank 0") == true)
  }
}
