import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 7: numbers that are not finite.
  @Suite(.serialized) struct Failure07NotFiniteTests {
    /// Not-a-number in one rank's images: both leave the same step out, stay equal bit by bit, and the report names rank, place and sample.
    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func failure07EveryRankLeavesTheSameStepOut() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let outcome = try Program.run(
          "ControlProbe",
          [
            configuration, directory,
            "one;fault.kind=nanInput;fault.step=2;fault.rank=1;training.compareRanksEvery=1;checkpoint.everySteps=1",
            "gradient;fault.kind=steepHead;fault.step=2;objective.name=crossEntropy;objective.settings=null;training.steps=3",
          ], ranks: 2)
        expect(
          outcome, 79,
          output: [
            "case one: finished after step 6, left out 1,",
            "case one: the loss of step 2 is not finite: first in the input of rank 1; samples ",
            "pixels of the batch: Sky ",
          ],
          errors: [
            "the gradient of step 3 is not finite: first in the gradient of dec.", "this was the last step", "there is no checkpoint yet",
          ])
        // Step 2 is not followed by a checkpoint: it might have been the parameters.
        #expect(RunResult(path: "\(directory)/one").checkpoints == [1, 3, 4, 5, 6], "\(outcome)")
      }
    }

    /// Counters are part of checkpoints: a run cannot get around its limit by being started again.
    @Test func failure07LimitsSurviveResuming() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        func run(_ settings: String) throws -> Program.Outcome {
          try Program.run(
            "ControlProbe", [configuration, directory, "case;schedule.name=constant;training.nonFiniteTotalLimit=2;\(settings)"])
        }
        expect(try run("fault.kind=nanInput;fault.step=2;training.steps=3"), output: ["finished after step 3, left out 1"])
        let again = try run("fault.kind=nanInput;fault.step=5;training.steps=6")
        expect(
          again, 79,
          errors: [
            "the loss of step 5 is not finite: first in the input of rank 0", "2 steps of this run", "nonFiniteTotalLimit", "step-00000003",
          ])
        let broken = try run("fault.kind=nanParameter;fault.step=4;training.steps=6;training.nonFiniteTotalLimit=50")
        expect(
          broken, 79,
          errors: ["the loss of step 6 is not finite: first in the parameter ", "3 steps in a row", "nonFiniteConsecutiveLimit"])
      }
    }

    /// What the policies leave behind, with the program itself: the parameters run away in the first step.
    @Test func failure07Policies() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = ["optimizer={name: sgd, learningRate: 1e30}", "schedule.name=constant", "training.epochs=4"]
        for (policy, logged, checkpoints) in [("skip", [1, 2, 3, 4], []), ("stop", [1, 2], [1]), ("raise", [1, 2], [])] {
          let run = RunResult(path: "\(directory)/\(policy)")
          let outcome = try train(configuration, run.path, settings + ["training.nonFinite=\(policy)"])
          expect(
            outcome, 79, errors: ["is not finite: first in the ", "samples train-", "pixels of the batch: Sky", "Lower the learning rate"])
          #expect(outcome.errors.contains(checkpoints.isEmpty ? "there is no checkpoint yet" : "the last good checkpoint is \(run.path)"))
          #expect(run.loggedSteps == logged, "\(policy)")
          #expect(run.checkpoints == checkpoints, "\(policy)")
          let lines = run.lines()
          #expect(!lines[0].contains("skipped"))
          for line in lines.dropFirst() {
            for text in [
              "\"loss\":\"nan\"", "\"skipped\":true", "\"notFinite\":{\"quantity\":\"loss\",\"ranks\":[0],\"tensor\":\"", "\"Sky\":",
            ] {
              #expect(line.contains(text), "\(line)")
            }
          }
        }
        // What was not counted is done again when the run goes on.
        let stopped = RunResult(path: "\(directory)/stop")
        let again = try train(configuration, stopped.path, settings + ["training.nonFinite=raise"], ["--resume", "required"])
        expect(again, 79, output: ["training.nonFinite: stop -> raise"], errors: ["the loss of step 2 is not finite"])
      }
    }
  }
}
