import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// What `Launch/run` and the Slurm example do when a job ends, with a small script in the place of `longtail`.
  @Suite(.serialized) struct LaunchScriptTests {
    /// Runs a training that ends as `plan` says: a piece of shell, with the number of the start in `$start` and the run directory in `$out`.
    private func launch(_ plan: String, _ options: [String], in directory: String) throws -> (outcome: Program.Outcome, starts: [String]) {
      let program = "\(directory)/program"
      try """
      #!/usr/bin/env bash
      out=\(directory)/run
      for word in "$@"; do
        if [[ $word == --where ]]; then echo "$out"; exit 0; fi
      done
      echo "$*" >> \(directory)/starts
      start=$(wc -l < \(directory)/starts)
      \(plan)
      """.write(toFile: program, atomically: true, encoding: .utf8)
      chmod(program, 0o755)
      let outcome = try LaunchScript.start(
        ["-n", "1"] + options + ["train", "my.yaml", "--overwrite", "--resume", "never", "--set", "a=b"], program: program
      ).wait()
      let starts = (try? String(contentsOfFile: "\(directory)/starts", encoding: .utf8)) ?? ""
      return (outcome, starts.split(separator: "\n").map(String.init))
    }

    private func write(_ text: String, to path: String) throws {
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try "#!/usr/bin/env bash\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
      chmod(path, 0o755)
    }

    /// Another MPI's mpirun has other options, and would start ranks that cannot find each other; one process needs none.
    @Test func anotherMPIIsRefused() throws {
      try withTemporaryDirectory { directory in
        try write("echo; echo 'HYDRA build details:'; echo '    Version: 4.3.0'", to: "\(directory)/bin/mpirun")
        try write("echo \"alone: $*\"", to: "\(directory)/program")
        let environment = ["PATH": "\(directory)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
        let arguments = ["predict", "run", "images"]
        let two = try LaunchScript.start(["-n", "2"] + arguments, program: "\(directory)/program", environment: environment).wait()
        expect(two, 78, errors: ["not that of Open MPI", "it says: HYDRA build details:", "first on PATH"])
        let one = try LaunchScript.start(["-n", "1"] + arguments, program: "\(directory)/program", environment: environment).wait()
        expect(one, output: ["alone: predict run images"])
      }
    }

    /// Where the script came with a program, as in a tarball, it takes that one, and builds nothing.
    @Test func theProgramThatCameWithTheScriptIsRun() throws {
      try withTemporaryDirectory { directory in
        try FileManager.default.createDirectory(atPath: "\(directory)/Launch", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: LaunchScript.path("run"), toPath: "\(directory)/Launch/run")
        try write("echo \"came along: $*\"", to: "\(directory)/bin/longtail")
        let outcome = try Program("\(directory)/Launch/run", ["-n", "1", "predict", "run"]).wait()
        expect(outcome, output: ["came along: predict run"])
      }
    }

    private let advance =
      "mkdir -p $out/checkpoints/step-0000000$start; echo \"{\\\"step\\\":$((10 * start)),\\\"loss\\\":1}\" > $out/log.jsonl"

    @Test func aFailedTrainingIsStartedAgain() throws {
      try withTemporaryDirectory { directory in
        let (outcome, starts) = try launch("\(advance); ((start < 3)) && exit 70; exit 0", ["--restarts", "5"], in: directory)
        expect(
          outcome,
          errors: [
            "failed with code 70 at step 10; restart 1 of 5 in 0.1 s, from the newest valid checkpoint (step-00000001)",
            "failed with code 70 at step 20; restart 2 of 5 in 0.2 s, from the newest valid checkpoint (step-00000002)",
          ])
        #expect(
          starts == ["train my.yaml --overwrite --resume never --set a=b"]
            + [String](repeating: "train my.yaml --set a=b --resume auto", count: 2))
      }
    }

    @Test func itGivesUp() throws {
      try withTemporaryDirectory { directory in
        let (outcome, starts) = try launch("\(advance); exit 74", ["--restarts", "1"], in: directory)
        expect(outcome, 74, errors: ["failed with code 74 at step 20, after restart 1 of 1. Giving up."])
        #expect(starts.count == 2)
      }
      try withTemporaryDirectory { directory in
        let still = "mkdir -p $out/checkpoints/step-00000005; echo '{\"step\":7,' > $out/log.jsonl; exit 70"
        let (outcome, starts) = try launch(still, ["--restarts", "9"], in: directory)
        expect(outcome, 70, errors: ["failed with code 70 at step 7, as far as before: another start would not help"])
        #expect(starts.count == 2)
      }
      try withTemporaryDirectory { directory in
        let (outcome, starts) = try launch("exit 70", [], in: directory)
        expect(outcome, 70)
        #expect(starts.count == 1)
      }
    }

    @Test func whatARestartCannotMendIsNotRestarted() throws {
      for code: Int32 in [64, 65, 66, 75, 76, 78, 79] {
        try withTemporaryDirectory { directory in
          let (outcome, starts) = try launch("\(advance); exit \(code)", ["--restarts", "3"], in: directory)
          expect(outcome, code)
          #expect(starts.count == 1)
        }
      }
      let other = try LaunchScript.start(["--restarts", "3", "evaluate", "run"]).wait()
      expect(other, 64, errors: ["--restarts is for train, not for evaluate"])
    }

    /// However it is asked to stop, the ranks get the signal that makes them save.
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
    func everyRequestToStopReachesTheRanks(signal: Int32) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let program = try LaunchScript.start(
          ["-n", Program.hasMPI ? "2" : "1", "--threads-per-rank", "1", "--restarts", "2"]
            + trainArguments(configuration, run.path, ["training.epochs=100000", "evaluation.every=100000"]))
        run.wait(forStep: 3, of: program)
        kill(program.process.processIdentifier, signal)
        let outcome = program.wait()
        expect(outcome, 75, output: ["stopped on request after step"])
        #expect(run.checkpoints.last == run.loggedSteps.last)
        #expect(run.names().contains("STOPPED"))
        #expect(!outcome.errors.contains("restart"), "\(outcome)")
      }
    }

    /// The example for Slurm, with scripts in the places of `Launch/run` and `scontrol`.
    @Test(
      arguments: [
        ("exit 75", 0, true), ("exit 0", 0, false), ("exit 65", 65, false), ("touch run/STOPPED; exit 1", 0, true), ("exit 77", 0, true),
        ("exit 137", 137, false), ("trap 'exit 75' USR1; kill -USR1 $PPID; sleep 5 & wait", 0, true),
        ("trap 'exit 75' TERM; kill -TERM $PPID; sleep 5 & wait", 0, true),
      ] as [(String, Int32, Bool)])
    func slurmRequeues(plan: String, code: Int32, requeues: Bool) throws {
      try withTemporaryDirectory { directory in
        for (path, text) in [
          ("Launch/run", "echo \"$*\" > starts; \(plan)"), ("bin/scontrol", "echo \"$*\" > requeued"),
        ] {
          try write(text, to: "\(directory)/\(path)")
        }
        try FileManager.default.createDirectory(atPath: "\(directory)/run", withIntermediateDirectories: true)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let outcome = try Program(
          LaunchScript.path("slurm.sh"), ["my.yaml", "run"], environment: ["PATH": "\(directory)/bin:\(path)", "SLURM_JOB_ID": "7"],
          directory: directory
        ).wait(seconds: 30)
        expect(outcome, code)
        let order = try? String(contentsOfFile: "\(directory)/requeued", encoding: .utf8)
        #expect(order == (requeues ? "requeue 7\n" : nil))
        #expect(
          try String(contentsOfFile: "\(directory)/starts", encoding: .utf8) == "--restarts 3 train my.yaml --output run --resume auto\n")
        if plan == "exit 77" {
          let again = try Program(
            LaunchScript.path("slurm.sh"), ["my.yaml", "run"],
            environment: ["PATH": "\(directory)/bin:\(path)", "SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "1"], directory: directory
          ).wait(seconds: 30)
          expect(again, 77)
        }
      }
    }
  }
}
