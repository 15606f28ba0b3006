import Foundation
import TestSupport
import Testing

/// Failure 8: one rank fails before, inside or after a collective in which the others wait. All are gone within seconds, with one message
/// and its code.
@Suite(.serialized, .enabled(if: ProbeRunner.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct Failure08ThrowingRankTests {
  @Test(
    arguments: [
      ("throw", 65, "a label is out of range"), ("throw-inside", 74, "failed on rank"), ("throw-after", 74, "the disk is full"),
      ("throw-everywhere", 78, "every rank dislikes this configuration"), ("die", 137, nil),
    ] as [(String, Int32, String?)])
  func failure08AllRanksAreGone(check: String, code: Int32, text: String?) throws {
    let groups: [(ranks: Int, ranksPerNode: [Int]?)] = [(2, nil), (3, nil), (4, [2])]
    var slowest = 0.0
    for (ranks, ranksPerNode) in groups {
      let begin = Date()
      let outcome = try ProbeRunner.everyRank(check, ranks: ranks, ranksPerNode: ranksPerNode)
      slowest = max(slowest, Date().timeIntervalSince(begin))
      #expect(slowest < 12, "of which starting takes most")
      #expect(outcome.exitCode == code, "\(outcome.output)")
      #expect(!outcome.output.contains("holds"))
      guard let text else { continue }
      #expect(outcome.output.components(separatedBy: text).count == 2, "\(ranks) ranks: \(outcome.output)")
      if check != "throw-everywhere" {
        #expect(outcome.output.contains("longtail: rank \(ranks - 1) of \(ranks) on "), "\(outcome.output)")
      }
    }
    CrashTests.report(
      "failure 8: \(groups.count) jobs of \(groups.map { String($0.ranks) }.joined(separator: ", ")) ranks, case '\(check)': "
        + "all gone with code \(code), started and ended within \((slowest * 10).rounded() / 10) s")
  }

  @Test(arguments: [
    ("other-size", "rank 0 begins a sum of 2 numbers", "rank 2 a sum of 3 numbers"),
    ("one-more", "rank 0 begins a barrier (its number 1, phase reduce, step 7)", "rank 1 a sum of 1 numbers"),
    ("other-buffer", "rank 0 begins a making of a buffer of 100 floats", "rank 1 a making of a buffer of 101 floats"),
    ("other-kind", "the ranks have not issued the same collectives", "rank 1 has issued as many, 1, but others"),
  ])
  func failure08RanksThatGoAstrayAreNamed(check: String, first: String, second: String) throws {
    let outcome = try ProbeRunner.everyRank(check, ranks: 3)
    #expect(outcome.exitCode == 76, "\(outcome.output)")
    for text in [first, second] { #expect(outcome.output.components(separatedBy: text).count == 2, "\(text): \(outcome.output)") }
  }

  @Test func comparedCollectivesStillWork() throws {
    for ranks in [1, 3] {
      let outcome = try ProbeRunner.everyRank("compared", ranks: ranks)
      #expect(outcome.exitCode == 0, "\(outcome.output)")
    }
  }

  /// One line names the late rank, another one ends the job.
  @Test func failure05LateRankIsNamedAndTheJobEnds() throws {
    let outcome = try ProbeRunner.everyRank("stall", ranks: 3)
    #expect(outcome.exitCode == 77, "\(outcome.output)")
    #expect(outcome.output.contains("longtail: warning: "), "\(outcome.output)")
    #expect(outcome.output.contains("one rank holds the others up"), "\(outcome.output)")
    #expect(outcome.output.contains("rank 2 in phase backward of step 5"), "\(outcome.output)")
    #expect(outcome.output.contains("ranks 0 and 1 wait in phase backward of step 5, in collective 1 (barrier)"), "\(outcome.output)")
    #expect(outcome.output.components(separatedBy: "stalled, this is the limit").count == 2, "\(outcome.output)")
  }

  /// Before there is a group at all: MPI waits for a rank without a word, so somebody else has to say so.
  @Test func failure05RanksThatDoNotComeTogether() throws {
    let outcome = try ProbeRunner.everyRank("late", ranks: 3)
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(
      outcome.output.contains("rank 0 in phase join, before the first step. Perhaps other hosts cannot be reached"), "\(outcome.output)")
    #expect(!outcome.output.contains("rank 2 in phase join"))
  }

  /// Each pretended node speaks for itself; one of them knows who is late.
  @Test func failure05AnotherNodeIsLate() throws {
    let outcome = try ProbeRunner.everyRank("stall", ranks: 4, ranksPerNode: [2])
    #expect(outcome.exitCode == 77, "\(outcome.output)")
    #expect(outcome.output.contains("rank 3 in phase backward of step 5"), "\(outcome.output)")
    #expect(outcome.output.contains("ranks 0 and 1 wait for"), "\(outcome.output)")
  }
}
