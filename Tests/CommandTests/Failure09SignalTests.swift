import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 9: signals that ask to save and stop, at any time, to anyone.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH")) struct Failure09SignalTests {
    private static let phases = ["start", "data", "forward", "statistics", "backward", "gradients", "update", "evaluation", "save"]

    /// Sends each signal twice in the middle of a phase; the run ends a step later with one checkpoint, on both ranks.
    private func expectStops(_ cases: [(phase: String, signal: String)], target: String) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let arguments = cases.map { phase, signal in
          // What happens between steps is known to rank zero alone.
          "\(phase)-\(signal);fault.kind=signal;fault.rank=\(phase == "update" ? 0 : 1);fault.step=2;fault.phase=\(phase);"
            + "fault.signal=\(signal);fault.times=2;fault.target=\(target);training.epochs=1000;checkpoint.everySteps=2;checkpoint.every=1000"
        }
        let outcome = try Program(
          "ControlProbe", [configuration, directory] + arguments, ranks: 2
        ).wait(seconds: 300)
        expect(outcome, 75)
        for (phase, signal) in cases {
          let run = RunResult(path: "\(directory)/\(phase)-\(signal)")
          let last = try #require(run.checkpoints.last, "\(phase) \(signal): \(outcome)")
          // mpirun takes a moment to pass a signal on.
          #expect(last <= (target == "self" ? 4 : 1000), "\(phase) \(signal): \(run.checkpoints)")
          let text = "case \(phase)-\(signal): stopped on request after step \(last), left out 0"
          #expect(outcome.output.occurrences(of: text) == 1, "\(outcome)")
          #expect(run.checkpoints.filter { $0 % 2 == 1 }.count <= 1, "one checkpoint for the request: \(run.checkpoints)")
          #expect(!run.names("checkpoints").contains { $0.hasPrefix(".") })
        }
      }
      CrashTests.report("failure 9: \(cases.count) signals, each twice, to \(target == "self" ? "one rank" : "mpirun")")
    }

    @Test func failure09OneRankIsAsked() throws {
      let all = Self.phases.flatMap { phase in ["USR1", "TERM"].map { (phase, $0) } }
      try expectStops(CrashTests.areComplete ? all : [("start", "USR1"), ("backward", "TERM"), ("save", "USR1")], target: "self")
    }

    @Test func failure09TheLauncherIsAsked() throws {
      try expectStops(CrashTests.areComplete ? Self.phases.map { ($0, "USR1") } : [("forward", "USR1")], target: "launcher")
    }

    /// SIGTERM to mpirun: with Open MPI 4 it reaches the ranks after `odls_base_sigkill_timeout`, as long before SIGKILL, and hides their exit
    /// code; the marker tells. Later ones leave them a third of a second (5.0), or nothing (6.0), and cannot be told otherwise: whatever is
    /// saved by then is complete. The run goes on from there, and ends like one that was never disturbed. `Launch/run` sends SIGUSR1 instead.
    @Test(arguments: CrashTests.areComplete ? [0, 1, 7, 30, 80, 150, 400, 900] : [60])
    func failure09TerminatedLauncherLeavesAMarker(milliseconds: Int) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        // An mpirun that was told to end reads no more of what ranks print: they must not fill its pipe before they hear of it.
        let settings = [
          "training.epochs=10000", "evaluation.every=10000", "checkpoint.every=10000", "schedule.name=constant", "reporting.every=1000",
        ]
        let run = RunResult(path: "\(directory)/run")
        let program = try Program(
          "longtail", trainArguments(configuration, run.path, settings), ranks: 2,
          environment: ["OMPI_MCA_odls_base_sigkill_timeout": "4"])
        let limit = Date().addingTimeInterval(60)
        while run.loggedSteps.isEmpty, Date() < limit, program.process.isRunning { usleep(1000) }
        usleep(UInt32(milliseconds) * 1000)
        // Once: a second one makes mpirun kill the ranks on the spot.
        kill(program.process.processIdentifier, SIGTERM)
        let stopped = program.wait()
        #expect(stopped.exitCode == 1 || stopped.exitCode == 75, "\(stopped)")
        let marker = (try? String(contentsOfFile: "\(run.path)/STOPPED", encoding: .utf8)) ?? "none"
        let isGivenTime = Program.openMPIVersion < 5
        #expect(run.checkpoints.count == 1 || !isGivenTime && run.checkpoints.isEmpty, "\(stopped)")
        let saved = run.checkpoints.last
        if let saved, isGivenTime || marker != "none" {
          #expect(marker == "step \(saved), on request\n")
          #expect(run.loggedSteps == Array(1...saved))
          #expect(!run.names().contains("run.lock"))
        }

        let last = saved ?? run.loggedSteps.last ?? 0
        let end = ["training.steps=\(last + 2)"]
        let resumed = try train(configuration, run.path, settings + end, ["--resume", saved == nil ? "auto" : "required"], ranks: 2)
        expect(resumed, output: saved.map { ["step \($0), saved"] } ?? [])
        #expect(!run.names().contains("STOPPED"))
        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        expect(try train(configuration, undisturbed.path, settings + end, ranks: 2))
        #expect(try run.digest(last + 2) == undisturbed.digest(last + 2))
        #expect(run.lines() == undisturbed.lines())
      }
      CrashTests.report("failure 9: SIGTERM to mpirun \(milliseconds) ms after the first step")
    }

    /// Whether a process has a handler for a signal.
    private func listens(_ process: Int32, _ signal: Int32) -> Bool {
      let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }),
        let mask = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
      else { return false }
      return mask >> UInt64(signal - 1) & 1 == 1
    }

    /// Asked before it has begun, a run does its first step, saves and leaves.
    @Test(arguments: CrashTests.areComplete ? [0, 5, 10, 20, 50, 100, 200, 400, 800] : [0])
    func failure09AskedDuringTheStart(milliseconds: Int) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let program = try Program(
          "longtail",
          trainArguments(configuration, run.path, ["training.epochs=100000", "checkpoint.every=100000", "evaluation.every=100000"]),
          ranks: 2)
        // The first moments belong to the system, whose default is to end a process.
        let limit = Date().addingTimeInterval(60)
        var rank: Int32?
        while rank.map({ !listens($0, SIGUSR1) }) ?? true, Date() < limit {
          usleep(1000)
          rank = Program.process(ofRank: 1, mark: run.path)
        }
        usleep(UInt32(milliseconds) * 1000)
        kill(try #require(rank), SIGUSR1)
        expect(program.wait(), 75, output: ["stopped on request after step"])
        #expect(run.checkpoints.count == 1)
        #expect(run.names().contains("STOPPED"))
      }
    }
  }
}
