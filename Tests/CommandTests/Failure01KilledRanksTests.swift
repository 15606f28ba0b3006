import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 1: any rank is killed at any step; `mpirun` ends soon, and nothing is lost but the steps since the last checkpoint.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
  struct Failure01KilledRanksTests {
    private let settings = ["training.epochs=8", "checkpoint.everySteps=2", "checkpoint.every=100", "evaluation.every=4"]
    private let steps = 24

    @Test func failure01AnyRankIsKilledAtARandomStep() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        var undisturbed: [Int: RunResult] = [:]
        for ranks in CrashTests.areComplete ? [2, 3] : [2] {
          let run = RunResult(path: "\(directory)/undisturbed-\(ranks)")
          expect(try train(configuration, run.path, settings, ranks: ranks))
          undisturbed[ranks] = run
        }
        var kills: [Int: Int] = [:]
        var reached: [Int] = []
        var slowest = 0.0
        let seeds = CrashTests.count(quick: 2, complete: 50)
        var seed = 0
        while kills.values.reduce(0, +) < seeds, seed < 2 * seeds {
          seed += 1
          var numbers = SeededNumbers(seed: seed)
          let ranks = undisturbed.keys.sorted()[seed / 2 % undisturbed.count]
          // Quickly each of two ranks once; completely any of them.
          let rank = CrashTests.areComplete ? Int.random(in: 0..<ranks, using: &numbers) : seed % 2
          let step = Int.random(in: 0...(steps - 8), using: &numbers)
          let run = RunResult(path: "\(directory)/seed-\(seed)")
          let arguments = trainArguments(configuration, run.path, settings, ["--resume", "auto"])
          let program = try Program("longtail", arguments, ranks: ranks)
          run.wait(forStep: step, of: program)
          usleep(UInt32.random(in: 0..<40_000, using: &numbers))
          guard let victim = Program.process(ofRank: rank, mark: run.path), kill(victim, SIGKILL) == 0 else {
            // It was faster than the hand that should have killed it.
            expect(program.wait())
            continue
          }
          let killed = Date()
          let outcome = program.wait()
          let seconds = Date().timeIntervalSince(killed)
          if outcome.exitCode == 0 { continue }
          expect(outcome, 137)
          #expect(seconds < 5, "mpirun took \(seconds) s to end")
          kills[rank, default: 0] += 1
          reached.append(run.loggedSteps.last ?? 0)
          slowest = max(slowest, seconds)

          let resumed = try Program.run("longtail", arguments, ranks: ranks)
          expect(resumed)
          let whole = try #require(undisturbed[ranks])
          #expect(
            try run.digest(steps) == whole.digest(steps), "seed \(seed): rank \(rank) of \(ranks) killed after step \(reached.last ?? 0)")
          #expect(run.lines() == whole.lines(), "seed \(seed)")
          #expect(run.lines("classes.jsonl") == whole.lines("classes.jsonl"), "seed \(seed)")
          try? FileManager.default.removeItem(atPath: run.path)
        }
        let total = kills.values.reduce(0, +)
        #expect(total == seeds, "only \(total) of \(seed) runs were killed in time")
        let each = kills.sorted { $0.key < $1.key }.map { "\($0.value) of rank \($0.key)" }.joined(separator: ", ")
        CrashTests.report(
          "failure 1: \(total) kills -9 (\(each)), after steps \(reached.min() ?? 0) to \(reached.max() ?? 0) of \(steps) "
            + "(\(Set(reached).count) different ones); mpirun ended within \((slowest * 10).rounded() / 10) s; "
            + "all \(total) resumed to the same bits")
      }
    }

    /// `Launch/run --restarts` does the same without anybody at the keyboard.
    @Test func failure01RestartsGoOnByThemselves() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        expect(try train(configuration, undisturbed.path, settings, ranks: 2))
        let run = RunResult(path: "\(directory)/run")
        let program = try LaunchScript.start(
          ["-n", "2", "--threads-per-rank", "1", "--restarts", "3"] + trainArguments(configuration, run.path, settings, ["--overwrite"]))
        var ends: [Double] = []
        for (step, rank) in [(5, 1), (14, 0)] {
          run.wait(forStep: step, of: program)
          let victim = try #require(Program.process(ofRank: rank, mark: run.path))
          kill(victim, SIGKILL)
          let killed = Date()
          while kill(victim, 0) == 0 || Program.process(ofRank: 1 - rank, mark: run.path) == nil, Date() < killed + 30 { usleep(1000) }
          ends.append(Date().timeIntervalSince(killed))
        }
        let outcome = program.wait()
        expect(
          outcome, errors: ["failed with code 137 at step", "restart 1 of 3 in 0.1 s, from the newest valid checkpoint", "restart 2 of 3"])
        #expect(ends.allSatisfy { $0 < 10 }, "\(ends)")
        #expect(try run.digest(steps) == undisturbed.digest(steps))
        #expect(run.lines() == undisturbed.lines())
        CrashTests.report("failure 1: 2 kills -9 under Launch/run --restarts 3, the run went on by itself to the same bits")
      }
    }
  }
}
