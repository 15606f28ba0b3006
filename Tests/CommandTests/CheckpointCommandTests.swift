import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// `verify` and `inspect`, and what checkpoints alone are enough for.
  @Suite(.serialized) struct CheckpointCommandTests {
    private func finished(_ directory: String, _ settings: [String] = []) throws -> RunResult {
      let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
      let run = RunResult(path: "\(directory)/run")
      let outcome = try train(configuration, run.path, settings)
      try #require(outcome.exitCode == 0 && run.checkpoints == [3, 6], "\(outcome)")
      return run
    }

    private func object(_ outcome: Program.Outcome) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome)")
    }

    /// The start of the data of a safetensors file.
    private func dataOffset(_ path: String) throws -> Int {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      return 8 + data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    @Test func verifyNamesFilesAndTensors() throws {
      try withTemporaryDirectory { directory in
        let run = try finished(directory)
        expect(try Program.run("longtail", ["verify", run.path]), output: ["step-00000006  valid: 4 files", "all 2 are valid"])
        for path in ["\(run.path)/checkpoints", run.checkpoint(3), run.checkpoint(3) + "/"] {
          expect(try Program.run("longtail", ["verify", path]), output: ["valid"])
        }
        expect(try Program.run("longtail", ["verify", "\(directory)/nowhere"]), 66, errors: ["\(directory)/nowhere"])
        expect(try Program.run("longtail", ["verify", directory]), 66, errors: ["neither a run directory nor a checkpoint"])
        expect(try Program.run("longtail", ["verify"]), 64)

        // The first number of the first tensor.
        let model = "\(run.checkpoint(6))/model.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
        bytes[try dataOffset(model)] ^= 1
        try bytes.write(to: URL(fileURLWithPath: model))
        try FileManager.default.removeItem(atPath: "\(run.checkpoint(6))/run.json")
        try FileManager.default.createDirectory(atPath: "\(run.path)/checkpoints/.tmp-step-00000009-1", withIntermediateDirectories: true)
        let first = try #require(
          try object(try Program.run("longtail", ["inspect", run.checkpoint(3), "--json"]))["tensors"] as? [[String: Any]])
        let name = try #require(first[0]["name"] as? String)
        let damaged = try Program.run("longtail", ["verify", run.path])
        expect(
          damaged, 74,
          output: [
            "model.safetensors: damaged: its SHA-256", "model.safetensors, tensor '\(name)': its numbers differ", "run.json: missing",
            "1 of 2 is not valid; --resume takes step 3", ".tmp-step-00000009-1",
          ])
        #expect(damaged.output.occurrences(of: "tensor '") == 1, "\(damaged)")

        let both = try Program.run("longtail", ["verify", run.path, run.checkpoint(3), "--json"])
        #expect(both.exitCode == 74)
        let paths = try #require(try object(both)["paths"] as? [[String: Any]])
        #expect(paths.map { $0["isValid"] as? Bool } == [false, true])
        #expect(paths[0]["newestValidStep"] as? Int == 3)
        let checkpoints = try #require(paths[0]["checkpoints"] as? [[String: Any]])
        #expect(checkpoints.map { $0["step"] as? Int } == [6, 3])
        let damages = try #require(checkpoints[0]["damages"] as? [[String: Any]])
        #expect(damages.compactMap { $0["tensor"] as? String } == [name])
        #expect(damages.compactMap { $0["file"] as? String } == ["model.safetensors", "model.safetensors", "run.json"])
      }
    }

    /// A later build's checkpoint is no damage, and another exit code.
    @Test func aNewerFormatIsAMismatch() throws {
      try withTemporaryDirectory { directory in
        let run = try finished(directory)
        let manifest = "\(run.checkpoint(6))/MANIFEST.json"
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        try text.replacingOccurrences(of: "\"formatVersion\" : 1", with: "\"formatVersion\" : 9")
          .write(toFile: manifest, atomically: true, encoding: .utf8)
        expect(
          try Program.run("longtail", ["verify", run.path]), 78,
          output: ["not readable by this build", "format version 9 is newer than 1", "--resume takes step 3"])
        expect(try Program.run("longtail", ["inspect", run.path]), 78)
      }
    }

    @Test func inspectShowsWhatIsInside() throws {
      try withTemporaryDirectory { directory in
        let run = try finished(directory)
        let text = try Program.run("longtail", ["inspect", run.path])
        expect(
          text,
          output: [
            "step", "6", "samples", "24", "Cyclist", "tail", "running_var", "firstMoment.", "optimizer.stepCount", "all finite",
            "checkpoints", "steps 3, 6", "1 rank of 1 thread", try #require(try run.digest(6)),
          ])
        let report = try object(try Program.run("longtail", ["inspect", run.path, "--step", "3", "--json"]))
        #expect(report["step"] as? Int == 3)
        #expect(report["samples"] as? Int == 12)
        #expect(report["isValid"] as? Bool == true)
        let digest = try run.digest(3)
        #expect(report["digest"] as? String == digest)
        #expect((report["configuration"] as? String)?.contains("globalBatch: 4") == true)
        #expect((report["classes"] as? [[String: Any]])?.count == 11)
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        let counter = try #require(tensors.first { $0["name"] as? String == "optimizer.stepCount" })
        #expect(counter["minimum"] as? Double == 3 && counter["maximum"] as? Double == 3 && counter["type"] as? String == "I64")
        let variance = try #require(tensors.first { ($0["name"] as? String)?.hasSuffix("running_var") == true })
        #expect((variance["norm"] as? Double ?? 0) > 0 && variance["notFinite"] as? Int == 0 && variance["isIntact"] as? Bool == true)
        #expect((variance["shape"] as? [Int])?.reduce(1, *) == variance["count"] as? Int)

        let part = try object(try Program.run("longtail", ["inspect", run.path, "--match", "running_var", "--json"]))
        let names = try #require(part["tensors"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(!names.isEmpty && names.allSatisfy { $0.contains("running_var") })
        let yaml = try Program.run("longtail", ["inspect", run.path, "--config"])
        expect(yaml, output: ["data:", "globalBatch: 4"])
        expect(try Program.run("longtail", ["inspect", run.path, "--step", "4"]), 66, errors: ["step 4", "It holds steps 3, 6."])
        expect(try Program.run("longtail", ["inspect", run.checkpoint(3), "--step", "3"]), 64)
        expect(try Program.run("longtail", ["inspect", "\(directory)/nowhere"]), 66)

        // What is damaged is shown as far as it can be read.
        let file = "\(run.checkpoint(6))/state.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count - 1] ^= 64
        try bytes.write(to: URL(fileURLWithPath: file))
        let damaged = try Program.run("longtail", ["inspect", run.path])
        expect(damaged, 74, output: ["damaged:", "state.safetensors", "running_var"])
        #expect(damaged.output.occurrences(of: " damaged\n") == 1, "\(damaged)")
      }
    }

    /// The data set is gone; predictions are the same, with the same colours.
    @Test func predictNeedsTheRunAlone() throws {
      try withTemporaryDirectory { directory in
        for (name, settings) in [
          ("plain", ["data.size={width: 64, height: 48}"]), ("own", []),
          ("adjusted", ["objective={name: logitAdjustment, settings: {form: postHoc}}"]),
        ] {
          let configuration = try TinyExperiment.folder(in: directory)
          let run = RunResult(path: "\(directory)/\(name)")
          expect(try train(configuration, run.path, settings + ["training.epochs=3", "optimizer.learningRate=0.02"]))
          try FileManager.default.createDirectory(atPath: "\(directory)/mine", withIntermediateDirectories: true)
          try? FileManager.default.copyItem(atPath: "\(directory)/val/images/0.png", toPath: "\(directory)/mine/0.png")
          let log = try #require(run.lines("classes.jsonl").last)
          let judged = try Program.run("longtail", ["evaluate", run.path, "--json", "--set", "evaluation.resolution=label"])
          expect(judged)
          for gone in ["train", "val"] { try FileManager.default.removeItem(atPath: "\(directory)/\(gone)") }
          for path in [run.path, run.checkpoint(9)] {
            let outcome = try Program.run("longtail", ["predict", path, "\(directory)/mine", "--output", "\(directory)/out"])
            expect(outcome)
            #expect(FileManager.default.fileExists(atPath: "\(directory)/out/0.png"), "\(outcome)")
          }
          #expect(!log.isEmpty)
          expect(try Program.run("longtail", ["evaluate", run.path]), 66)
        }
      }
    }

    /// What the best epoch was is kept, also where no save was due.
    @Test func theBestIsKept() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 4)
        let run = RunResult(path: "\(directory)/run")
        let settings = ["training.epochs=6", "checkpoint.every=100", "checkpoint.keepLast=1", "optimizer.learningRate=0.02"]
        let outcome = try train(configuration, run.path, settings)
        expect(outcome)
        struct Best: Decodable { var step: Int }
        let best = try JSONDecoder().decode([String: Best].self, from: Data(contentsOf: URL(fileURLWithPath: "\(run.path)/best.json")))
        let step = try #require(best["miou"]?.step)
        #expect(Set(run.checkpoints) == [step, 18], "\(run.checkpoints)")
        expect(try Program.run("longtail", ["evaluate", run.path, "--checkpoint", "miou"]), output: ["step-000000"])
      }
    }

    @Test func everyNthIsKept() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let run = RunResult(path: "\(directory)/run")
        let settings = [
          "training.epochs=4", "checkpoint.everySteps=1", "checkpoint.keepLast=2", "checkpoint.keepEvery=5", "checkpoint.best=[]",
        ]
        expect(try train(configuration, run.path, settings))
        #expect(run.checkpoints == [5, 10, 11, 12])
        expect(try train(configuration, "\(directory)/other", ["checkpoint.keepEvery=0"]), 64, errors: ["checkpoint.keepEvery"])
        expect(try train(configuration, "\(directory)/other", ["checkpoint.failuresAllowed=0"]), 64, errors: ["checkpoint.failuresAllowed"])
      }
    }
  }
}
