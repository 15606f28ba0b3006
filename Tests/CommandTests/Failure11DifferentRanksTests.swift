import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 11: one rank has another configuration, other data or another program.
  @Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH")) struct Failure11DifferentRanksTests {
    /// Trains on two ranks, of which rank 1 has a program and options of its own.
    private func train(
      _ directory: String, _ configuration: String, onRankOne options: [String], program: String? = nil, _ more: [String] = []
    ) throws
      -> (outcome: Program.Outcome, run: RunResult)
    {
      let longtail = try Program.path(of: "longtail")
      let script = "\(directory)/start.sh"
      try """
      if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then
        exec '\(program ?? longtail)' "$@" \(options.map { "'\($0)'" }.joined(separator: " "))
      fi
      exec '\(longtail)' "$@"
      """.write(toFile: script, atomically: true, encoding: .utf8)
      let run = RunResult(path: "\(directory)/run")
      return (try Program.run("/bin/sh", [script] + trainArguments(configuration, run.path, [], more), ranks: 2), run)
    }

    private func expectRefused(_ result: (outcome: Program.Outcome, run: RunResult), _ texts: [String]) {
      expect(result.outcome, 78, errors: texts)
      #expect(result.outcome.errors.occurrences(of: "the ranks do not have the same") == 1, "\(result.outcome)")
      #expect(!result.run.names().contains("config.yaml") && result.run.checkpoints.isEmpty, "nothing was begun")
    }

    @Test func failure11OtherConfiguration() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        expectRefused(
          try train(directory, configuration, onRankOne: ["--set", "optimizer.learningRate=0.5"]),
          [
            "the ranks do not have the same configuration", "rank 1 on ",
            "has `optimizer.learningRate: 0.5`, rank 0 has `optimizer.learningRate: 0.001`",
          ])
        // What a host may have of its own is no difference.
        let own = try train(directory, configuration, onRankOne: ["--set", "data.loader.threads=2"])
        expect(own.outcome)
        #expect(own.run.checkpoints == [3, 6])
      }
    }

    @Test func failure11OtherData() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let copy = "\(directory)/copy"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for split in ["train", "val"] { try FileManager.default.copyItem(atPath: "\(directory)/\(split)", toPath: "\(copy)/\(split)") }
        let options = ["--set", "data.root=\(copy)"]
        let same = try train(directory, configuration, onRankOne: options)
        expect(same.outcome)
        // Now there is a count of labels on record. It is that of rank zero's files, of which rank 1 has other dates.
        expect(try train(directory, configuration, onRankOne: options, ["--overwrite"]).outcome)
        try FileManager.default.removeItem(atPath: same.run.path)

        let picture = "\(copy)/train/images/3.png"
        try (Data(contentsOf: URL(fileURLWithPath: picture)) + Data([0])).write(to: URL(fileURLWithPath: picture))
        expectRefused(
          try train(directory, configuration, onRankOne: options),
          ["the ranks do not have the same list of train files", "rank 1 on ", "has `3: 3.png of ", "Copy the data set anew"])
        for kind in ["images", "labels"] { try FileManager.default.removeItem(atPath: "\(copy)/train/\(kind)/3.png") }
        expectRefused(
          try train(directory, configuration, onRankOne: options), ["list of train files", "(11 entries against 12)"])
      }
    }

    /// What parameters begin with is compared, however they came about.
    @Test func failure11OtherParameters() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let outcome = try Program.run("ControlProbe", [configuration, directory, "case;fault.kind=seed;fault.rank=1"], ranks: 2)
        expect(outcome, 78, errors: ["the ranks do not begin with the same parameter ", "ranks 0 and 1 differ; on rank 1 element 0 is"])
        #expect(outcome.errors.occurrences(of: "do not begin") == 1, "\(outcome)")
        #expect(RunResult(path: "\(directory)/case").checkpoints.isEmpty)
      }
    }

    @Test func failure11OtherProgram() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        // Beside the original: the program is large, and memory for files may be small.
        let other = try Program.path(of: "longtail") + "-other-build-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.copyItem(atPath: Program.path(of: "longtail"), toPath: other)
        defer { try? FileManager.default.removeItem(atPath: other) }
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: other))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([0]))
        try handle.close()
        expectRefused(
          try train(directory, configuration, onRankOne: [], program: other),
          ["the ranks do not have the same program", "rank 1 on ", "has `file of ", "Install the same build"])
      }
    }
  }
}
