import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Runs that know when they have to be over.
  @Suite(.serialized) struct TimeLimitTests {
    private func run(_ directory: String, _ settings: [String], environment: [String: String] = [:], ranks: Int? = nil) throws
      -> (outcome: Program.Outcome, run: RunResult)
    {
      let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
      let run = RunResult(path: "\(directory)/run")
      let arguments = trainArguments(
        configuration, run.path, ["evaluation.every=50", "checkpoint.every=100000", "reporting.every=1000"] + settings,
        ["--resume", "auto"])
      return (try Program.run("longtail", arguments, ranks: ranks, environment: environment), run)
    }

    @Test(arguments: [nil, 2]) func savesAndStopsBeforeTheConfiguredTime(ranks: Int?) throws {
      guard ranks == nil || Program.hasMPI else { return }
      try withTemporaryDirectory { directory in
        let (outcome, run) = try run(directory, ["training.epochs=100000", "training.timeLimit=6s"], ranks: ranks)
        let text = "stopped before the end of its time (training.timeLimit is 6s) after step "
        expect(outcome, 75, output: ["the run saves and stops within ", text])
        let last = try #require(run.checkpoints.last)
        #expect(run.loggedSteps == Array(1...last))
        let marker = try String(contentsOfFile: "\(run.path)/STOPPED", encoding: .utf8)
        #expect(marker == "step \(last), before the end of its time (training.timeLimit is 6s)\n")
      }
    }

    @Test func theEndOfASlurmJobCounts() throws {
      try withTemporaryDirectory { directory in
        let end = String(Int(Date().timeIntervalSince1970) + 6)
        let settings = ["training.epochs=100000", "training.timeLimit=11h50m"]
        let (outcome, _) = try run(directory, settings, environment: ["SLURM_JOB_END_TIME": end])
        expect(outcome, 75, output: ["the Slurm job ends", "stopped before the end of its time (the Slurm job ends) after step "])
        // It goes on in the next job; a time that is over, as a shell may have kept it, does not count, and is told.
        let (again, _) = try run(
          directory, ["training.epochs=100000", "training.timeLimit=5s"], environment: ["SLURM_JOB_END_TIME": "12345"])
        expect(again, 75, output: ["SLURM_JOB_END_TIME is '12345', which is over", "resuming from", "training.timeLimit is 5s"])
      }
    }

    @Test func aRunThatIsDoneBeforeIsNotStopped() throws {
      try withTemporaryDirectory { directory in
        let (outcome, run) = try run(directory, ["training.timeLimit=1d"], environment: ["SLURM_JOB_END_TIME": "soon"])
        expect(outcome, output: ["SLURM_JOB_END_TIME is 'soon', which is not a time", "the run saves and stops within 86"])
        #expect(run.loggedSteps == Array(1...6))
        #expect(!run.names().contains("STOPPED"))
      }
    }
  }
}
