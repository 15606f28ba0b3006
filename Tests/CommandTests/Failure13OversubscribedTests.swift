import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 13: more ranks than processors. Slow, but correct, and said.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
  struct Failure13OversubscribedTests {
    @Test(.enabled(if: ProcessInfo.processInfo.activeProcessorCount < 8, "there are 8 processors or more"))
    func failure13EightRanksOnFewProcessors() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = ["training.epochs=\(CrashTests.count(quick: 1, complete: 4))"]
        let one = RunResult(path: "\(directory)/one")
        expect(try train(configuration, one.path, settings))
        let eight = RunResult(path: "\(directory)/eight")
        // A global batch of four: half of the ranks have no image at all.
        let outcome = try train(configuration, eight.path, settings + ["engine.checkCollectives=true"], ranks: 8)
        let processors = ProcessInfo.processInfo.activeProcessorCount
        expect(outcome, output: ["is oversubscribed: 8 ranks with 8 threads share \(processors) processors", "8 ranks on 1 host"])
        #expect(outcome.output.occurrences(of: "is oversubscribed") == 1, "\(outcome)")
        #expect(eight.loggedSteps == one.loggedSteps)
        var worst = 0.0
        for (a, b) in zip(try losses(one), try losses(eight)) {
          worst = max(worst, abs(a - b) / a)
        }
        #expect(worst < 2e-4)
        CrashTests.report(
          "failure 13: 8 ranks on \(processors) processors, \(eight.loggedSteps.count) steps: warned, losses within \(worst) of one rank's")
      }
    }

    private func losses(_ run: RunResult) throws -> [Double] {
      try run.lines().map { line in
        let object = try JSONSerialization.jsonObject(with: Data("\(line)}".utf8)) as? [String: Any]
        return object?["loss"] as? Double ?? .nan
      }
    }
  }
}
