import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Failure 3: checkpoints with a flipped bit, a missing end, a missing file. The reason is named, and the one before is taken.
  @Suite(.serialized) struct Failure03DamagedCheckpointTests {
    private static let files = ["model.safetensors", "optimizer.safetensors", "state.safetensors", "run.json", "MANIFEST.json"]
    private let settings = ["training.epochs=4", "checkpoint.every=1", "checkpoint.keepLast=100"]

    private func finished(_ directory: String) throws -> (configuration: String, run: RunResult) {
      let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
      let run = RunResult(path: "\(directory)/whole")
      let outcome = try train(configuration, run.path, settings)
      try #require(outcome.exitCode == 0 && run.checkpoints == [3, 6, 9, 12], "\(outcome)")
      return (configuration, run)
    }

    /// Every file, with one bit flipped and cut short; `verify` says the same before the run goes on.
    @Test func theOneBeforeIsTaken() throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try finished(directory)
        for (number, file) in Self.files.enumerated() {
          for isCut in [false, true] {
            // Each file is flipped or cut in quick runs, both in long ones.
            guard CrashTests.areComplete || isCut == number.isMultiple(of: 2) else { continue }
            let run = try whole.copy(to: "\(directory)/\(file)-\(isCut)", upTo: 9)
            if isCut { try run.cut(9, file) } else { try run.damage(9, file) }
            let verified = try Program.run("longtail", ["verify", run.path])
            expect(verified, 74, output: ["step-00000009  damaged:\n    \(file)", "1 of 3 is not valid; --resume takes step 6"])
            if isCut, file != "MANIFEST.json" { expect(verified, 74, output: ["\(file): truncated: "]) }
            let outcome = try train(configuration, run.path, settings, ["--resume", "auto"])
            expect(outcome)
            #expect(outcome.output.contains("rejected checkpoint step-00000009: \(file)"), "\(outcome)")
            #expect(outcome.output.contains("resuming from \(run.path)/checkpoints/step-00000006, step 6"), "\(outcome)")
            #expect(try run.digest(12) == whole.digest(12))
            #expect(run.lines() == whole.lines())
            try FileManager.default.removeItem(atPath: run.path)
          }
        }
      }
    }

    /// Two at once, one of them cut short: what is published next is older than a damaged one.
    @Test func severalAreSkipped() throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try finished(directory)
        let run = try whole.copy(to: "\(directory)/damaged", upTo: 12)
        try run.cut(12, "model.safetensors")
        try FileManager.default.removeItem(atPath: "\(run.checkpoint(9))/optimizer.safetensors")
        try run.damage(6, "state.safetensors")
        let outcome = try train(configuration, run.path, settings, ["--resume", "required"])
        expect(outcome)
        #expect(outcome.output.contains("step-00000012: model.safetensors is truncated"), "\(outcome)")
        #expect(outcome.output.contains("step-00000009: optimizer.safetensors is missing"), "\(outcome)")
        #expect(outcome.output.contains("step-00000006: state.safetensors is damaged"), "\(outcome)")
        #expect(run.checkpoints == [3, 6, 9, 12])
        #expect(try run.digest(12) == whole.digest(12))
        #expect(run.lines() == whole.lines())
      }
    }

    @Test(arguments: ["auto", "required"])
    func allDamagedIsRefusedAndNothingIsTouched(policy: String) throws {
      try withTemporaryDirectory { directory in
        let (configuration, whole) = try finished(directory)
        let run = try whole.copy(to: "\(directory)/damaged", upTo: 6)
        try run.damage(3, "model.safetensors")
        try run.damage(6, "optimizer.safetensors")
        let before = try run.contents()
        for ranks in [nil, Program.hasMPI ? 2 : nil] {
          let outcome = try train(configuration, run.path, settings, ["--resume", policy], ranks: ranks)
          expect(outcome, 66)
          #expect(outcome.errors.occurrences(of: "step-00000003: model.safetensors is damaged") == 1, "\(outcome)")
          #expect(outcome.errors.occurrences(of: "step-00000006: optimizer.safetensors is damaged") == 1, "\(outcome)")
          try? FileManager.default.removeItem(atPath: "\(run.path)/run.lock")
          #expect(try run.contents() == before)
        }
        for command in [["evaluate", run.path], ["predict", run.path, "nothing.png"]] {
          let outcome = try Program.run("longtail", command)
          expect(outcome, 66, errors: ["model.safetensors is damaged"])
        }
        let named = try Program.run("longtail", ["evaluate", run.checkpoint(3)])
        expect(named, 65, errors: ["model.safetensors is damaged"])
      }
    }
  }
}
