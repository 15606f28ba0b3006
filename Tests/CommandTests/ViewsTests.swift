import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// Several looks at each image, from the command line.
  @Suite(.serialized) struct ViewsTests {
    private static let views = ["--set", "evaluation.views={flip: true, window: {width: 48, height: 32}, scales: [1, 1.25]}"]

    @Test func evaluateAndPredictTakeSeveralLooks() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.camVid(in: directory)
        let run = "\(directory)/run"
        expect(try train(configuration, run, ["training.epochs=2", "training.globalBatch=3", "evaluation.resolution=label"]))
        func miou(_ arguments: [String], ranks: Int? = nil) throws -> String {
          let outcome = try Program.run("longtail", ["evaluate", run, "--json"] + arguments, ranks: ranks)
          try #require(outcome.exitCode == 0, "\(outcome)")
          return try #require(
            outcome.output.range(of: #""classes":\[[^\]]*\]"#, options: .regularExpression).map { String(outcome.output[$0]) })
        }
        let looks = try miou(Self.views)
        #expect(try looks != miou([]), "the looks change something")
        if Program.hasMPI { for ranks in [1, 2, 4] { #expect(try miou(Self.views, ranks: ranks) == looks, "\(ranks) ranks") } }

        let output = "\(directory)/predictions"
        let predicted = try Program.run(
          "longtail", ["predict", run, "\(directory)/val/0.png", "--output", output, "--probabilities"] + Self.views)
        expect(predicted, output: ["0-probabilities.safetensors"])
        let file = try Data(contentsOf: URL(fileURLWithPath: "\(output)/0-probabilities.safetensors"))
        #expect(String(decoding: file.prefix(400), as: UTF8.self).contains("[11,38,50]"))
        #expect(file.count > 11 * 38 * 50 * 4)
      }
    }

    @Test func looksThatMakeNoSenseAreRefused() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        for (setting, message) in [
          ("evaluation.views.scales=[]", "evaluation.views.scales"), ("evaluation.views.scales=[0]", "between"),
          ("evaluation.views.overlap=1", "between"), ("evaluation.views.window.width=32", "height"),
        ] {
          let outcome = try train(configuration, "\(directory)/run", [setting])
          #expect(outcome.exitCode == 64, "\(setting): \(outcome)")
          #expect(outcome.errors.contains(message), "\(setting): \(outcome)")
        }
      }
    }
  }
}
