import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// A run that was cut off and goes on ends with the same numbers, bit for bit, as one that was left alone.
  @Suite(.serialized) struct ResumeTests {
    private let settings = ["training.epochs=14", "checkpoint.everySteps=2", "checkpoint.every=100", "evaluation.every=7"]
    private let steps = 42

    private func expectSame(_ run: RunResult, as undisturbed: RunResult, _ outcome: Program.Outcome) throws {
      expect(outcome)
      #expect(try run.digest(steps) == undisturbed.digest(steps))
      #expect(try printedDigest(outcome) == undisturbed.digest(steps))
      #expect(run.loggedSteps == Array(1...steps))
      #expect(run.lines() == undisturbed.lines())
      #expect(run.lines("classes.jsonl").count == 2)
      // The share of the gradient is that of the last step, so that it tells about the steps before, too.
      #expect(run.lines("classes.jsonl") == undisturbed.lines("classes.jsonl"))
    }

    /// Starts a run, ends a process of it with SIGKILL once a checkpoint is there, and starts the same command again.
    private func killAndResume(_ directory: String, ranks: Int?, killed rank: Int) throws {
      let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
      let undisturbed = RunResult(path: "\(directory)/undisturbed")
      let first = try train(configuration, undisturbed.path, settings, ranks: ranks)
      try #require(first.exitCode == 0, "\(first)")

      let run = RunResult(path: "\(directory)/disturbed")
      let arguments = trainArguments(configuration, run.path, settings, ["--resume", "auto"])
      let program = try Program("longtail", arguments, ranks: ranks)
      let limit = Date().addingTimeInterval(60)
      while run.checkpoints.count < 4, Date() < limit, program.process.isRunning { usleep(1000) }
      let victim = ranks == nil ? program.process.processIdentifier : Program.process(ofRank: rank, mark: run.path)
      kill(try #require(victim), SIGKILL)
      let killed = program.wait()
      expect(killed, 137)
      #expect((4...(steps / 2 - 1)).contains(run.checkpoints.count), "it was not killed in the middle: \(run.checkpoints)")
      #expect(printedDigest(killed) == nil)

      let resumed = try Program.run("longtail", arguments, ranks: ranks)
      #expect(resumed.output.contains("resuming from \(run.path)/checkpoints/step-000000"), "\(resumed)")
      #expect(resumed.output.contains("left behind by process"), "the lock of the killed process is explained: \(resumed)")
      try expectSame(run, as: undisturbed, resumed)
      #expect(!run.names().contains("run.lock"))
      #expect(!run.names("checkpoints").contains { $0.hasPrefix(".") })
    }

    @Test func oneProcessIsKilled() throws {
      try withTemporaryDirectory { try killAndResume($0, ranks: nil, killed: 0) }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"), arguments: [0, 1])
    func oneOfTwoRanksIsKilled(rank: Int) throws {
      try withTemporaryDirectory { try killAndResume($0, ranks: 2, killed: rank) }
    }

    /// With measured algorithms, ranks with unequal shares, and a smaller batch at the end of each epoch.
    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"), arguments: [1, 2])
    func measuredAlgorithmsAreKept(ranks: Int) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = [
          "training.epochs=4", "training.globalBatch=5", "training.dropLast=false", "checkpoint.everySteps=2", "evaluation.every=2",
          "engine.algorithms=measured",
        ]
        let whole = RunResult(path: "\(directory)/whole")
        // Not the user's cache.
        let environment = ["XDG_CACHE_HOME": "\(directory)/cache"]
        let first = try Program.run(
          "longtail", trainArguments(configuration, whole.path, settings), ranks: ranks, environment: environment)
        try #require(first.exitCode == 0, "\(first)")
        let copy = try whole.copy(to: "\(directory)/copy", upTo: 2)
        let outcome = try Program.run(
          "longtail", trainArguments(configuration, copy.path, settings, ["--resume", "required"]), ranks: ranks,
          environment: ["XDG_CACHE_HOME": "\(directory)/another"])
        expect(outcome)
        #expect(try copy.digest(12) == whole.digest(12))
        #expect(copy.lines() == whole.lines())
      }
    }

    /// All ranks know what was best before the run was cut off: else some of them would save after an evaluation, and others not.
    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func bestScoresAreKnownToAllRanks() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        // Nothing is learned, so that no later evaluation is better than the first.
        let settings = [
          "optimizer={name: sgd, learningRate: 1e-30}", "schedule.name=constant", "checkpoint.every=100", "model.batchNorm=frozen",
        ]
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, settings + ["training.epochs=2"], ranks: 2))
        #expect(run.checkpoints == [3, 6])
        expect(try train(configuration, run.path, settings + ["training.epochs=4"], ["--resume", "required"], ranks: 2))
        #expect(run.checkpoints == [3, 6, 12], "only the end was saved")
      }
    }

    @Test func autoBeginsWhereThereIsNothing() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let plain = RunResult(path: "\(directory)/plain")
        let auto = RunResult(path: "\(directory)/deep/auto")
        expect(try train(configuration, plain.path))
        expect(try train(configuration, auto.path, [], ["--resume", "auto"]))
        #expect(try auto.digest(6) == plain.digest(6))
        #expect(auto.lines() == plain.lines())

        // A finished run that is started again stays as it is, and says where it ended.
        let before = try auto.contents().filter { !$0.key.hasPrefix("environment") }
        let again = try train(configuration, auto.path, [], ["--resume", "auto"])
        expect(again, output: ["step 6"])
        #expect(try printedDigest(again) == auto.digest(6))
        #expect(try auto.contents().filter { !$0.key.hasPrefix("environment") } == before)
      }
    }

    /// More epochs than at first are allowed, and said.
    @Test func aRunCanBeMadeLonger() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, ["schedule.name=constant"]))
        let longer = try train(configuration, run.path, ["schedule.name=constant", "training.epochs=4"], ["--resume", "required"])
        expect(longer, output: ["changed since: training.epochs: 2 -> 4"])
        #expect(run.loggedSteps == Array(1...12))
        #expect(run.checkpoints == [3, 6, 9, 12])
        let straight = RunResult(path: "\(directory)/straight")
        expect(try train(configuration, straight.path, ["schedule.name=constant", "training.epochs=4"]))
        #expect(try run.digest(12) == straight.digest(12))
      }
    }

    @Test func anotherNumberOfRanksGoesOn() throws {
      guard Program.hasMPI else { return }
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let whole = RunResult(path: "\(directory)/whole")
        expect(try train(configuration, whole.path))
        let copy = try whole.copy(to: "\(directory)/copy", upTo: 3)
        let outcome = try train(configuration, copy.path, [], ["--resume", "required"], ranks: 2)
        expect(outcome, output: ["step 3, saved", "on 1 rank"])
        #expect(copy.loggedSteps == Array(1...6))
        func losses(_ run: RunResult) throws -> [Double] {
          try run.lines().map { line in
            let object = try JSONSerialization.jsonObject(with: Data("\(line)}".utf8)) as? [String: Any]
            return object?["loss"] as? Double ?? .nan
          }
        }
        for (a, b) in zip(try losses(whole), try losses(copy)) {
          let error = abs(a - b) / a
          #expect(error < 2e-4)
        }
      }
    }
  }
}
