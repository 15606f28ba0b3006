import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

extension ProcessTests {
  /// Failure 4: the disk is full, broken, read-only or slow while a run saves. Training goes on and says so; when no save succeeds any more,
  /// it ends with code 74 and the checkpoints that it has.
  @Suite(.serialized) struct Failure04DiskTests {
    private let settings = ["training.epochs=4", "checkpoint.everySteps=2", "checkpoint.every=100", "evaluation.every=4"]
    private let steps = 12

    private func start(_ run: RunResult, _ configuration: String, _ settings: [String], _ fault: SystemFault...) throws -> Program.Outcome {
      let environment = try fault.count == 1 ? SystemFault.environment(fault[0]) : SystemFault.environment(fault[0], fault[1])
      return try Program.run("longtail", trainArguments(configuration, run.path, settings), environment: environment)
    }

    private func undisturbed(_ directory: String) throws -> (configuration: String, run: RunResult) {
      let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
      let run = RunResult(path: "\(directory)/undisturbed")
      let outcome = try train(configuration, run.path, settings)
      try #require(outcome.exitCode == 0 && run.checkpoints == [2, 4, 6, 8, 10, 12], "\(outcome)")
      return (configuration, run)
    }

    /// Some saves fail, later ones succeed: the run ends as if nothing had been, but for the checkpoints that are missing.
    @Test(arguments: [
      (ENOSPC, "No space left on device", "write MANIFEST.json"), (EIO, "Input/output error", "fsync model.safetensors"),
      (EROFS, "Read-only file system", "mkdir .tmp-step-"),
    ])
    func aDiskThatRecovers(error: Int32, text: String, place: String) throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try undisturbed(directory)
        let run = RunResult(path: "\(directory)/run")
        // Once in each of the second and the third save.
        let words = place.split(separator: " ").map(String.init)
        let fault = SystemFault(path: words[1], calls: [words[0]], at: 2, count: 2, .error(error))
        let outcome = try start(run, configuration, settings, fault)
        expect(outcome)
        let warnings = outcome.output.split(separator: "\n").filter { $0.contains("could not be written") }
        #expect(warnings.count == 2, "\(outcome)")
        for warning in warnings { #expect(warning.contains(text) && warning.contains("training goes on"), "\(warning)") }
        #expect(run.checkpoints == [2, 8, 10, 12])
        #expect(try run.digest(steps) == whole.digest(steps))
        #expect(run.lines() == whole.lines())
        #expect(!run.names("checkpoints").contains { $0.hasPrefix(".") }, "what was begun is removed: \(run.names("checkpoints"))")
        expect(try Program.run("longtail", ["verify", run.path]), output: ["all 4 are valid"])
      }
    }

    /// From one save on all fail: after three the run ends, and what it had is what it goes on from.
    @Test(arguments: [(ENOSPC, "write"), (EIO, "fsync"), (EROFS, "mkdir")]) func aDiskThatStaysBad(error: Int32, call: String) throws {
      try withTemporaryDirectory { directory in
        let settings = settings + ["training.epochs=6"]
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let whole = RunResult(path: "\(directory)/undisturbed")
        expect(try train(configuration, whole.path, settings))
        let run = RunResult(path: "\(directory)/run")
        let fault = SystemFault(path: "/.tmp-step-0000001", calls: [call], count: 0, .error(error))
        let outcome = try start(run, configuration, settings, fault)
        expect(outcome, 74, errors: ["step-00000014 could not be written", "3 saves in a row have failed", "of step 8", "--resume auto"])
        for count in [1, 2] {
          let text = "training goes on (failure \(count) in a row; 3 end the run)"
          #expect(outcome.output.occurrences(of: text) == 1, "\(outcome)")
        }
        #expect(run.checkpoints == [2, 4, 6, 8])
        #expect(!run.names("checkpoints").contains { $0.hasPrefix(".tmp") }, "\(run.names("checkpoints"))")
        #expect((run.loggedSteps.last ?? 0) >= 14, "training went on: \(run.loggedSteps)")
        expect(try Program.run("longtail", ["verify", run.path]), output: ["all 4 are valid"])
        expect(try train(configuration, run.path, settings, ["--resume", "required"]), output: ["step-00000008, step 8"])
        #expect(try run.digest(18) == whole.digest(18))
        #expect(run.lines() == whole.lines())
      }
    }

    /// Fewer failures may be allowed; and the last save of a run has to succeed in any case, as has one that somebody asked for.
    @Test func savesThatMustSucceed() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let full = SystemFault(path: "/checkpoints/.tmp-step-", calls: ["write"], count: 0, .error(ENOSPC))
        let strict = RunResult(path: "\(directory)/strict")
        expect(
          try start(strict, configuration, settings + ["checkpoint.failuresAllowed=1"], full), 74,
          errors: ["step-00000002", "no failed save is allowed", "None was written"])
        #expect(strict.checkpoints.isEmpty)

        let last = RunResult(path: "\(directory)/last")
        expect(
          try start(last, configuration, ["training.epochs=1"], full), 74,
          errors: ["step-00000003", "No space left on device", "it was the last one of this run"])
        #expect(!last.names().contains("final-table.md"), "it is not finished")

        // Asked to stop after the second step: the save that this promises cannot be had.
        let stopped = RunResult(path: "\(directory)/stopped")
        let outcome = try start(
          stopped, configuration, ["training.epochs=100"], full, SystemFault(path: "/log.jsonl", calls: ["write"], .signal(SIGUSR1)))
        expect(outcome, 74, errors: ["step-00000002", "No space left on device"])
        #expect(!stopped.names().contains("STOPPED"), "it may not say that it is saved")
      }
    }

    /// Older checkpoints that cannot be removed are no reason to stop.
    @Test func whatCannotBeRemovedStays() throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try undisturbed(directory)
        let run = RunResult(path: "\(directory)/run")
        let fault = SystemFault(path: "/checkpoints/.trash-", calls: ["rename"], count: 0, .error(EIO))
        let outcome = try start(run, configuration, settings + ["checkpoint.keepLast=1"], fault)
        expect(outcome, output: ["older ones stay"])
        #expect(run.checkpoints == whole.checkpoints)
        #expect(try run.digest(steps) == whole.digest(steps))
      }
    }

    /// The logs lie on the same full disk: their lines wait and are written when there is room again.
    @Test func logsHaveNoGap() throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try undisturbed(directory)
        let run = RunResult(path: "\(directory)/run")
        let fault = SystemFault(path: "/run/log.jsonl", calls: ["write"], at: 3, count: 4, .error(ENOSPC))
        let outcome = try start(run, configuration, settings, fault)
        expect(outcome, output: ["training goes on"])
        #expect(outcome.output.occurrences(of: "log.jsonl: cannot be written") == 1, "it is said once: \(outcome)")
        #expect(run.lines() == whole.lines())
        #expect(try run.digest(steps) == whole.digest(steps))
      }
    }

    /// Saving takes longer than the steps between two saves: none is left out, and nothing else changes.
    @Test func aSlowDisk() throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try undisturbed(directory)
        let run = RunResult(path: "\(directory)/run")
        let fault = SystemFault(path: "/checkpoints/", calls: ["fsync", "rename"], count: 0, .delay(20_000))
        expect(try start(run, configuration, settings, fault))
        #expect(run.checkpoints == whole.checkpoints)
        for step in whole.checkpoints { #expect(try run.digest(step) == whole.digest(step)) }
        #expect(run.lines() == whole.lines())
      }
    }

    /// A real file system without room for a second checkpoint, where this process may make one.
    @Test func aFileSystemThatIsFull() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/copy")
        // One checkpoint takes 5.6 MiB, and twice that has to be free: there is room for one.
        let script = """
          mkdir "$0/small" && mount -t tmpfs -o size=16m none "$0/small" || exit 99
          code=0
          "$@" || code=$?
          cp -r "$0/small/run" "$0/copy"
          exit $code
          """
        let mounting = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, directory, try Program.path(of: "longtail")]
        let outcome = try Program.run("/usr/bin/env", mounting + trainArguments(configuration, "\(directory)/small/run", settings))
        if outcome.exitCode == 99 || outcome.errors.contains("unshare") {
          print("skipped: no file system may be mounted here (\(outcome.errors))")
          return
        }
        expect(outcome, 74, output: ["training goes on (failure 1 in a row"], errors: ["free bytes", "Free some space"])
        #expect(run.checkpoints.count == 1)
        expect(try Program.run("longtail", ["verify", run.path]), output: ["valid"])
      }
    }
  }
}
