import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 6: a bit flips on one rank.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH")) struct Failure06FlippedBitTests {
    private struct Record: Decodable {
      var rank: Int
      var step: Int
      var firstDifference: String
      var differingRanks: [Int]
      var firstElement: Element?
      var digests: [String: String]
      struct Element: Decodable { var bits: String }
    }

    /// Found at the next comparison, with the tensor's name; every rank writes down what it holds; what was saved before goes on.
    @Test(arguments: [("flipParameter", "parameter "), ("flipStatistic", "running statistic "), ("flipMoment", " of ")])
    func failure06FlippedBitEndsTheRun(kind: String, text: String) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = "training.compareRanksEvery=4;checkpoint.everySteps=2;checkpoint.every=100;training.epochs=3;evaluation.every=3"
        let run = RunResult(path: "\(directory)/case")
        let outcome = try Program.run(
          "ControlProbe", [configuration, directory, "case;fault.kind=\(kind);fault.step=3;fault.rank=1;\(settings)"], ranks: 2)
        expect(outcome, 76, errors: ["after step 4 the ranks no longer hold the same", "ranks 0 and 1 differ", "on rank 1 element"])
        #expect(outcome.errors.occurrences(of: "no longer hold") == 1, "\(outcome)")
        #expect(run.checkpoints == [2], "nothing was saved after the flip")

        let records = try [0, 1].map { rank in
          try JSONDecoder().decode(Record.self, from: Data(contentsOf: URL(fileURLWithPath: "\(run.path)/crash/rank-\(rank).json")))
        }
        #expect(records.map(\.rank) == [0, 1])
        #expect(records.map(\.step) == [4, 4])
        #expect(records[0].firstDifference == records[1].firstDifference)
        // A moment has moved its parameter by now, which comes first.
        #expect(records.allSatisfy { $0.digests.keys.contains { $0.contains(text) } }, "\(records)")
        #expect(outcome.errors.contains(records[0].firstDifference))
        #expect(records[0].firstElement == nil && records[1].firstElement != nil, "rank 0 is what others are compared with")

        CrashTests.report("failure 6: one bit, \(kind)")
        guard kind == "flipParameter" else { return }
        // The same command without the fault goes on from step 2, and ends as a run that was never disturbed.
        for name in ["case", "undisturbed"] {
          expect(
            try Program.run("ControlProbe", [configuration, directory, "\(name);\(settings)"], ranks: 2),
            output: ["case \(name): finished after step 9, left out 0"])
        }
        #expect(try run.digest(9) == RunResult(path: "\(directory)/undisturbed").digest(9))
      }
    }

    /// Of three ranks the one that stands alone is named; without regular comparisons it is found before the next checkpoint.
    @Test func failure06TheRankIsNamed() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let outcome = try Program.run(
          "ControlProbe",
          [configuration, directory, "case;fault.kind=flipParameter;fault.step=2;fault.rank=2;training.compareRanksEvery=0"],
          ranks: 3)
        expect(
          outcome, 76, errors: ["after step 3 the ranks no longer hold the same parameter", "rank 2 differs from the others; on rank 2"])
        #expect(RunResult(path: "\(directory)/case").checkpoints.isEmpty)
      }
    }
  }
}
