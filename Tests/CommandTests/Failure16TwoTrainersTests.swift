import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 16: two trainers in one run directory. The second is refused and told who is there; what a dead one left is explained.
  @Suite(.serialized) struct Failure16TwoTrainersTests {
    private struct Lock: Codable {
      var host: String
      var pid: Int32
      var processStart: UInt64
      var since: String
    }

    private func lock(_ run: RunResult) throws -> Lock {
      try JSONDecoder().decode(Lock.self, from: Data(contentsOf: URL(fileURLWithPath: "\(run.path)/run.lock")))
    }

    /// Starts a run that goes on until it is killed, and waits until it trains.
    private func runWithoutEnd(_ configuration: String, _ run: RunResult, ranks: Int? = nil) throws -> Program {
      let program = try Program(
        "longtail",
        trainArguments(configuration, run.path, ["training.epochs=100000", "evaluation.every=100000", "checkpoint.keepLast=2"]),
        ranks: ranks)
      let limit = Date().addingTimeInterval(60)
      while run.checkpoints.isEmpty, Date() < limit, program.process.isRunning { usleep(1000) }
      return program
    }

    /// While one process trains, another one is kept out, whatever it asks for and however many ranks it has.
    @Test func theSecondIsRefused() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let first = try runWithoutEnd(configuration, run)
        let pid = first.process.processIdentifier
        let held = try lock(run)
        #expect(held.pid == pid && held.host == ProcessInfo.processInfo.hostName && held.processStart > 0)
        for (options, ranks) in [(["--resume", "auto"], nil), (["--overwrite"], nil), ([], nil), (["--resume", "auto"], 2)]
          as [([String], Int?)]
        {
          if ranks != nil, !Program.hasMPI { continue }
          let second = try train(configuration, run.path, [], options, ranks: ranks)
          expect(second, 78, errors: ["another trainer is at work here (process \(pid) on \(held.host), since \(held.since))"])
          #expect(second.errors.occurrences(of: "another trainer") == 1, "\(second)")
        }
        #expect(first.process.isRunning)
        #expect(!run.checkpoints.isEmpty)
        #expect(try lock(run).pid == pid)
        kill(pid, SIGKILL)
        #expect(first.wait().exitCode == 137)
      }
    }

    /// What a killed one left is explained and taken over.
    @Test func aStaleLockIsExplained() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let first = try runWithoutEnd(configuration, run)
        let held = try lock(run)
        kill(first.process.processIdentifier, SIGKILL)
        expect(first.wait(), 137)
        let settings = ["training.epochs=100000", "training.steps=3"]
        expect(
          try train(configuration, run.path, settings, ["--overwrite"]),
          output: [
            "run.lock: left behind by process \(held.pid) on \(held.host), since \(held.since), which no longer runs; taking it over"
          ])
        #expect(!run.names().contains("run.lock"))

        // A number that another process has by now: it began at another time.
        var other = held
        other.pid = getpid()
        other.processStart = 1
        try JSONEncoder().encode(other).write(to: URL(fileURLWithPath: "\(run.path)/run.lock"))
        expect(
          try train(configuration, run.path, settings, ["--overwrite"]),
          output: ["left behind by process \(getpid()) on \(held.host)", "which no longer runs; taking it over"])

        // Nothing can be known about another host's process.
        other.host = "elsewhere.example"
        try JSONEncoder().encode(other).write(to: URL(fileURLWithPath: "\(run.path)/run.lock"))
        expect(
          try train(configuration, run.path, settings, ["--overwrite"]), 78,
          errors: ["locked by process \(getpid()) on elsewhere.example, since \(held.since)", "remove \(run.path)/run.lock"])
        #expect(run.names().contains("run.lock"))

        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(run.path)/run.lock"))
        expect(try train(configuration, run.path, settings, ["--overwrite"]), output: ["its content is damaged; taking it over"])
      }
    }

    /// Several begin at one moment: one trains, the others are refused, and nothing of the run is mixed up.
    @Test func ofSeveralAtOnceOneTrains() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let programs = try (0..<4).map { _ in
          try Program("longtail", trainArguments(configuration, run.path, ["training.epochs=8"], ["--resume", "auto"]))
        }
        let outcomes = programs.map { $0.wait() }
        #expect(outcomes.contains { $0.exitCode == 0 }, "\(outcomes)")
        // One that comes when all is done finds a finished run; that is no harm.
        for outcome in outcomes { #expect([0, 78].contains(outcome.exitCode), "\(outcome)") }
        #expect(run.loggedSteps == Array(1...24))
        expect(try Program.run("longtail", ["verify", run.path]), output: ["are valid"])
      }
    }
  }
}
