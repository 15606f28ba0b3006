import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 12: what the launcher promised is not what MPI found. Nothing is begun, and the message says what to mend.
  @Suite(.serialized) struct Failure12LauncherTests {
    private func expectRefused(_ environment: [String: String], says: [String]) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let outcome = try Program.run("longtail", trainArguments(configuration, run.path), environment: environment)
        expect(outcome, 78, errors: says)
        #expect(outcome.errors.occurrences(of: "longtail: ") == 1, "\(outcome)")
        #expect(run.names().isEmpty)
        CrashTests.report("failure 12: refused with advice, nothing written: \(environment.keys.sorted().joined(separator: ", "))")
      }
    }

    /// A process that an mpirun has started as one of four, and an MPI library that knows of one: two installations.
    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
    func failure12OneRankWhereFourWereStarted() throws {
      try expectRefused(
        ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"],
        says: [
          "The launcher started 4 ranks, but Open MPI v", "says that there is 1", "different installations", "PATH or LD_LIBRARY_PATH",
        ])
    }

    @Test func failure12OtherLaunchers() throws {
      try expectRefused(["PMI_SIZE": "4", "PMI_RANK": "0"], says: ["another MPI's mpiexec", "Use Open MPI's mpirun"])
      try expectRefused(["MV2_COMM_WORLD_SIZE": "2", "MV2_COMM_WORLD_RANK": "0"], says: ["another MPI's mpiexec"])
      try expectRefused(["RANK": "0", "WORLD_SIZE": "2"], says: ["started by torchrun? use mpirun", "Launch/run -n 2"])
      try expectRefused(["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"], says: ["without PMIx", "Launch/slurm.sh"])
    }

    /// What another MPI's mpiexec does: it starts all, and ends all once one has failed. One of them speaks.
    @Test func failure12AllRanksOfAnotherLauncherSpeakOnce() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let script = "\(directory)/mpiexec"
        try """
        #!/usr/bin/env bash
        ranks=()
        for rank in 0 1 2; do
          PMI_RANK=$rank PMI_SIZE=3 "$@" &
          ranks+=($!)
        done
        wait -n
        code=$?
        kill "${ranks[@]}" 2>/dev/null
        exit $code
        """.write(toFile: script, atomically: true, encoding: .utf8)
        chmod(script, 0o755)
        let outcome = try Program(
          script, [Program.path(of: "longtail")] + trainArguments(configuration, "\(directory)/run")
        ).wait()
        expect(outcome, 78)
        try #require(outcome.errors.occurrences(of: "another MPI's mpiexec") == 1, "\(outcome)")
        CrashTests.report("failure 12: 3 processes of another launcher refused, with one message")
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
    func failure12AnotherNumberOfRanksThanExpected() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let outcome = try train(configuration, "\(directory)/run", [], ["--expect-ranks", "4"], ranks: 2)
        expect(outcome, 78, errors: ["4 ranks are expected, 2 take part"])
      }
    }
  }
}
