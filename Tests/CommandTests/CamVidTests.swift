import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// CamVid's layout: made by the test, and the real one where it is at hand.
  @Suite(.serialized) struct CamVidTests {
    private static let real = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data/camvid").path

    private static var configuration: String {
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Configs/camvid-unet-pat.yaml").path
    }

    @Test func imagesThatTheStrideDoesNotDivide() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.camVid(in: directory)
        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, ["training.globalBatch=3"])
        expect(outcome)
        #expect(run.loggedSteps == [1, 2, 3, 4], "\(outcome)")
        guard Program.hasMPI else { return }
        let two = RunResult(path: "\(directory)/two")
        expect(try train(configuration, two.path, ["training.globalBatch=3"], ranks: 2))
        #expect(two.loggedSteps == [1, 2, 3, 4])
      }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: real + "/train"), "there is no ../shared/data/camvid: skipped"))
    func twoStepsOnTheRealOne() throws {
      try withTemporaryDirectory { directory in
        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(
          Self.configuration, run.path,
          [
            "data.root=\(Self.real)", "data.size={width: 64, height: 48}", "model.width=8", "training.steps=2", "engine.algorithms=direct",
            "reporting.pictures=2",
          ])
        expect(outcome)
        #expect(run.loggedSteps == [1, 2], "\(outcome)")
        #expect(run.checkpoints == [2])
        #expect(run.names("pictures") == ["step-000002.png"])
        #expect(run.lines("classes.jsonl").count == 1)
        #expect(outcome.output.contains("Bicyclist"), "\(outcome)")
      }
    }
  }
}
