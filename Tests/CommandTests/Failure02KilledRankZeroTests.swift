import Checkpoints
import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 2, in a whole training run: rank zero is ended by SIGKILL at the system calls of its saves. What it had published before, or the
  /// new one, is there and whole, and the run that goes on ends as if nothing had been.
  @Suite(.serialized) struct Failure02KilledRankZeroTests {
    private let settings = [
      "training.epochs=2", "checkpoint.everySteps=2", "checkpoint.every=100", "checkpoint.keepLast=1", "checkpoint.best=[]",
    ]
    private let steps = 6

    /// A few points of the saves, or, in long runs, each of them and on two ranks.
    @Test func atTheSystemCallsOfASave() throws {
      let ranks = CrashTests.areComplete && Program.hasMPI ? 2 : nil
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        let log = "\(directory)/calls"
        let counting = SystemFault(path: "/checkpoints/", .nothing, rank: ranks == nil ? nil : 0, log: log)
        let whole = try Program.run(
          "longtail", trainArguments(configuration, undisturbed.path, settings), ranks: ranks,
          environment: SystemFault.environment(counting))
        try #require(whole.exitCode == 0, "\(whole)")
        let calls = SystemFault.calls(inLog: log)
        #expect(calls.count { $0.hasPrefix("rename ") } >= 6, "\(calls)")

        // The save of step 4, the removal of the one before included.
        let first = try #require(calls.firstIndex { $0.hasPrefix("mkdir ") && $0.contains("step-00000004") })
        let end = try #require(calls.firstIndex { $0.hasPrefix("mkdir ") && $0.contains("step-00000006") })
        let points = CrashTests.areComplete ? Array(first..<end) : stride(from: first + 3, to: end, by: (end - first) / 4).map { $0 }
        var newest = 2
        for point in points {
          let run = RunResult(path: "\(directory)/run")
          let arguments = trainArguments(configuration, run.path, settings, ["--resume", "auto"])
          let action: SystemFault.Action = calls[point].hasPrefix("write ") ? .tear : .kill
          let fault = SystemFault(path: "/checkpoints/", at: point + 1, action, rank: ranks == nil ? nil : 0)
          let killed = try Program.run("longtail", arguments, ranks: ranks, environment: SystemFault.environment(fault))
          expect(killed, 137)
          let name = "call \(point + 1), \(calls[point])"
          let selection = try CheckpointStore(directory: "\(run.path)/checkpoints").latestValid()
          #expect(selection.rejected.isEmpty, "\(name): \(selection.rejected)")
          // Once a checkpoint is published, it or a later one is there from then on.
          let step = selection.newest?.step ?? 0
          #expect([2, 4].contains(step) && step >= newest, "\(name): \(step) after \(newest)")
          newest = max(newest, step)
          let resumed = try Program.run("longtail", arguments, ranks: ranks)
          expect(resumed)
          #expect(try run.digest(steps) == undisturbed.digest(steps), "\(name)")
          #expect(run.lines() == undisturbed.lines(), "\(name)")
          #expect(run.checkpoints == undisturbed.checkpoints, "\(name)")
          #expect(!run.names("checkpoints").contains { $0.hasPrefix(".") }, "\(name)")
          try FileManager.default.removeItem(atPath: run.path)
        }
        #expect(newest == 4)
        CrashTests.report("failure 2: killed rank zero at \(points.count) of \(end - first) system calls of a save; nothing was lost")
      }
    }
  }
}
