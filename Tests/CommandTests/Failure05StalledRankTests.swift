import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 5: a rank stands still. The others say which one, in which phase of which step; at the limit the job ends with code 77.
  @Suite(.serialized) struct Failure05StalledRankTests {
    private let endless = ["training.epochs=100000", "evaluation.every=100000", "checkpoint.every=100000"]
    private let quick = ["watchdog.warning=0.5", "watchdog.limit=2.5", "watchdog.limits.init=60"]

    private struct Report: Decodable {
      struct State: Decodable {
        var rank: Int
        var phase: String
        var step: Int
        var processState: String
        var isInCollective: Bool
      }
      struct ThreadStack: Decodable {
        var name: String
        var frames: [String]
      }
      var rank: Int
      var writtenByRank: Int
      var reason: String
      var state: State
      var ranksOfNode: [State]
      var threads: [ThreadStack]
    }

    private func report(_ run: RunResult, rank: Int) throws -> Report {
      try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: "\(run.path)/crash/rank-\(rank).json")))
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
    func failure05AStoppedRankIsNamedAndTheJobEnds() throws {
      let repetitions = CrashTests.count(quick: 2, complete: 10)
      var places: [String: Int] = [:]
      var slowest = 0.0
      for seed in 0..<repetitions {
        try withTemporaryDirectory { directory in
          let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
          let run = RunResult(path: "\(directory)/run")
          var numbers = SeededNumbers(seed: seed)
          let rank = seed % 2
          let program = try Program("longtail", trainArguments(configuration, run.path, endless + quick), ranks: 2)
          run.wait(forStep: Int.random(in: 3...12, using: &numbers), of: program)
          usleep(UInt32.random(in: 0..<40_000, using: &numbers))
          let victim = try #require(Program.process(ofRank: rank, mark: run.path))
          kill(victim, SIGSTOP)
          let stopped = Date()
          let step = run.loggedSteps.last ?? 0
          let outcome = program.wait()
          let seconds = Date().timeIntervalSince(stopped)
          expect(outcome, 77)
          slowest = max(slowest, seconds)
          #expect(seconds < 10, "it took \(seconds) s")

          let stopNote = ", stopped by a signal or a debugger: process \(victim)"
          #expect(outcome.errors.occurrences(of: "stalled, this is the limit: ") == 1, "\(outcome)")
          #expect(outcome.errors.occurrences(of: "longtail: warning: ") >= 1, "\(outcome)")
          #expect(outcome.errors.contains("one rank holds the others up for"), "\(outcome)")
          #expect(outcome.errors.contains("s: rank \(rank) in phase"), "\(outcome)")
          #expect(outcome.errors.contains(stopNote), "\(outcome)")
          #expect(outcome.errors.contains("; rank \(1 - rank) waits "), "\(outcome)")
          #expect(outcome.errors.contains("\(run.path)/crash"), "\(outcome)")

          let written = try report(run, rank: 1 - rank)
          #expect(written.writtenByRank == 1 - rank && written.state.isInCollective)
          #expect(written.reason.contains("rank \(rank) in phase"))
          // The compute thread hangs in a collective, which its stack shows.
          let frames = written.threads.flatMap(\.frames)
          #expect(frames.contains { $0.contains("MPICommunicator") }, "\(frames)")
          #expect(written.threads.contains { $0.frames.contains { $0.contains("main") } })
          let about = try report(run, rank: rank)
          #expect(about.writtenByRank == 1 - rank && about.state.processState == "stopped" && about.threads.isEmpty)
          #expect((step...step + 2).contains(about.state.step), "\(about.state) after step \(step)")
          #expect(written.ranksOfNode.map(\.rank) == [0, 1])
          places[about.state.isInCollective ? "a collective" : about.state.phase, default: 0] += 1
        }
      }
      let list = places.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
      CrashTests.report(
        "failure 5: \(repetitions) ranks stopped (\(list)); each was named, and the job ended with 77 within \((slowest * 10).rounded() / 10) s "
          + "of the stop (limit 2.5 s)")
    }

    /// A pause that stays below the limit costs a line, and nothing else.
    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
    func failure05AStoppedRankGoesOn() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = ["training.epochs=8", "evaluation.every=8"]
        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        expect(try train(configuration, undisturbed.path, settings, ranks: 2))
        let run = RunResult(path: "\(directory)/run")
        let program = try Program(
          "longtail", trainArguments(configuration, run.path, settings + ["watchdog.warning=0.5", "watchdog.limit=60"]), ranks: 2)
        run.wait(forStep: 4, of: program)
        let victim = try #require(Program.process(ofRank: 1, mark: run.path))
        kill(victim, SIGSTOP)
        usleep(2_000_000)
        kill(victim, SIGCONT)
        let outcome = program.wait()
        expect(outcome, errors: ["longtail: warning: ", "rank 1 in phase", "stopped by a signal"])
        #expect(outcome.errors.contains("rank 1 goes on, after "), "\(outcome)")
        #expect(run.lines() == undisturbed.lines())
        #expect(!run.names().contains("crash"))
      }
    }

    /// One process, whose data does not come in time: drawing these images takes longer than the limit.
    @Test func failure05DataThatDoesNotCome() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let slow = ["data.settings={width: 1200, height: 900, train: 4, validation: 1}"]
        let outcome = try train(
          configuration, run.path, slow + ["watchdog.warning=0.04", "watchdog.limit=0.1", "watchdog.limits.init=600"])
        expect(
          outcome, 77, errors: ["no progress for", "rank 0 in phase data of step 1. Perhaps the files of the data set cannot be read"])
        #expect(outcome.errors.occurrences(of: "stalled, this is the limit: ") == 1, "\(outcome)")
        let written = try report(run, rank: 0)
        #expect(written.state.phase == "data" && written.state.step == 1)
        // Also the threads that do the work are seen.
        #expect(written.threads.contains { $0.frames.contains { $0.contains("BatchLoader.init") } })
        CrashTests.report("failure 5: 1 single process without data; it said so, and ended with 77")
      }
    }
  }
}
