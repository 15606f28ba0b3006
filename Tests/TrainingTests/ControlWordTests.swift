import Configuration
import Foundation
import Testing
import Training

/// What ranks agree on, and what they decide from it.
@Suite struct ControlWordTests {
  private func sum(_ words: [(isFinite: Bool, hasFailed: Bool, requests: Requests, step: Int)]) -> ControlWord {
    var total = [Double](repeating: 0, count: ControlWord.packedCount + 2)
    for word in words {
      var packed = [Double](repeating: 0, count: total.count)
      ControlWord.pack(
        isFinite: word.isFinite, hasFailed: word.hasFailed, requests: word.requests, step: word.step, into: &packed, at: 2)
      for i in total.indices { total[i] += packed[i] }
    }
    return ControlWord(packed: total, at: 2, ranks: words.count)
  }

  @Test func anyRankIsHeard() {
    var (stop, save, time) = (Requests(), Requests(), Requests())
    stop.stop = true
    save.save = true
    time.timeIsUp = true
    let quiet = sum([(true, false, Requests(), 7), (true, false, Requests(), 7)])
    #expect(quiet == ControlWord())
    for ranks in [1, 2, 1000] {
      for (word, expected) in [(stop, stop), (save, save), (time, time)] {
        var words = [(isFinite: Bool, hasFailed: Bool, requests: Requests, step: Int)](
          repeating: (true, false, Requests(), 123_456_789), count: ranks)
        words[ranks / 2].requests = word
        let agreed = sum(words)
        #expect(agreed.requests == expected && agreed.isInStep && agreed.nonFiniteRanks == 0 && agreed.failedRanks == 0)
      }
      var words = [(isFinite: Bool, hasFailed: Bool, requests: Requests, step: Int)](repeating: (false, true, stop, 4095), count: ranks)
      #expect(sum(words).nonFiniteRanks == ranks && sum(words).failedRanks == ranks && sum(words).isInStep)
      words[0].step = 4094
      #expect(sum(words).isInStep == (ranks == 1))
    }
    #expect(stop.isStop && time.isStop && !save.isStop)
  }

  @Test func findingsOfRanksAreMerged() {
    func finding(_ place: Int, _ tensor: String?, _ samples: [Int], _ pixels: [Int]) -> NonFiniteFinding {
      var finding = NonFiniteFinding()
      (finding.place, finding.tensor, finding.samples, finding.pixels, finding.ignoredPixels) = (place, tensor, samples, pixels, 2)
      return finding
    }
    let spread = NonFiniteFinding.merged([
      finding(3, "output of layer b", [1, 2], [5, 0]), finding(-1, "input", [8], [0, 7]), finding(3, "output of layer b", [], [1, 1]),
    ])
    #expect(spread.ranks == [1] && spread.tensor == "input" && spread.samples == [8])
    #expect(spread.pixelsPerClass == [6, 8] && spread.ignoredPixels == 6)
    let overflow = NonFiniteFinding.merged([
      finding(NonFiniteFinding.nowhere, nil, [1], [1, 0]), finding(NonFiniteFinding.nowhere, nil, [2], [0, 1]),
    ])
    #expect(overflow.ranks.isEmpty && overflow.tensor == nil && overflow.samples == [1, 2])
    let text = overflow.text(sampleName: { "s\($0)" }, classNames: ["a", "b"])
    #expect(text.contains("each rank's numbers are finite, but their sum is not; samples s1, s2; pixels of the batch: a 1, b 1, ignored 4"))
  }

  @Test func timeIsKeptForWhatIsLeftToDo() {
    var limit = TimeLimit(deadline: 1000, origin: "test", checkpointBytes: 100_000_000, evaluationInSteps: 10)
    #expect(
      limit.needed(evaluationIsDue: true) == 2 * 2 + TimeLimit.shutdownTime, "before anything is known, the disk is supposed to be slow")
    limit.didStep(seconds: 50)
    #expect(limit.needed(evaluationIsDue: false) == 5, "the first step makes plans")
    limit.didStep(seconds: 3)
    limit.didStep(seconds: 2)
    #expect(limit.needed(evaluationIsDue: false) == 8)
    #expect(limit.needed(evaluationIsDue: true) == 8 + 30)
    limit.didEvaluate(seconds: 20)
    #expect(limit.needed(evaluationIsDue: true) == 8 + 20)
    limit.didBeginSave(step: 4, now: 100)
    limit.didSee(publishedStep: 2, now: 105)
    #expect(limit.slowestSave == 2)
    limit.didSee(publishedStep: 4, now: 110)
    limit.didSee(publishedStep: 4, now: 150)
    #expect(limit.slowestSave == 10)
    #expect(limit.needed(evaluationIsDue: false) == 2 * 10 + 3 + 1)
    #expect(!limit.isReached(now: 975, evaluationIsDue: false) && limit.isReached(now: 977, evaluationIsDue: false))
    #expect(limit.isReached(now: 975, evaluationIsDue: true))
  }

  @Test func theEarlierLimitCounts() {
    var notes: [String] = []
    func find(_ span: String?, _ end: String?) -> Double? {
      TimeLimit.find(
        span.flatMap(TimeSpan.init), environment: end.map { ["SLURM_JOB_END_TIME": $0] } ?? [:], start: 100, now: 150, notes: &notes)?
        .deadline
    }
    #expect(find(nil, nil) == nil && notes.isEmpty)
    #expect(find("1m", nil) == 160 && find(nil, "500") == 500 && find("1m", "500") == 160 && find("1h", "500") == 500)
    notes = []
    #expect(find(nil, "149") == nil && find(nil, "never") == nil)
    #expect(notes.count == 2 && notes[0].contains("which is over") && notes[1].contains("which is not a time"))
    let now = Date().timeIntervalSince1970
    let start = TimeLimit.processStart(now: now)
    #expect(start <= now && start > now - 3600)
  }
}
