import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Decisions, ensembles and temperatures of `evaluate` and `predict`.
  @Suite(.serialized) struct DecisionCommandTests {
    private struct Evaluation: Decodable, Equatable {
      struct Class: Decodable, Equatable {
        var name: String
        var predictedPixels: Int
      }
      struct Group: Decodable, Equatable {
        var value: Double?
        var classes: Int
      }
      var miou: Double?
      var classes: [Class]
      var groupings: [String: [String: Group]]?
    }

    private func evaluated(_ arguments: [String], ranks: Int? = nil) throws -> Evaluation {
      let outcome = try Program.run("longtail", ["evaluate"] + arguments + ["--json"], ranks: ranks)
      try #require(outcome.exitCode == 0, "\(outcome)")
      return try JSONDecoder().decode(Evaluation.self, from: Data(outcome.output.utf8))
    }

    private let training = ["training.epochs=4", "optimizer.learningRate=0.02"]

    @Test func decisionsAreThoseOfTheRunUnlessOthersAreAskedFor() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let (plain, shifted) = (RunResult(path: "\(directory)/plain"), RunResult(path: "\(directory)/shifted"))
        expect(try train(configuration, plain.path, training))
        let shift = ["evaluation.decision=shift", "evaluation.shiftStrength=0.5"]
        expect(try train(configuration, shifted.path, training + shift))
        let set = shift.flatMap { ["--set", $0] }
        // The same training; only what is made of its scores differs.
        let (own, other) = (try evaluated([plain.path]), try evaluated([shifted.path]))
        #expect(own.classes != other.classes)
        #expect(try evaluated([plain.path] + set) == other)
        #expect(try evaluated([shifted.path, "--set", "evaluation.decision=argmax"]) == own)
        let ranked = try evaluated([plain.path, "--set", "evaluation.decision=rank"])
        #expect(ranked.classes != own.classes)
        if Program.hasMPI { #expect(try evaluated([plain.path, "--set", "evaluation.decision=rank"], ranks: 2) == ranked) }
        #expect(own.groupings?["pixels"]?["tail"] != nil && own.groupings?["images"]?["head"] != nil)
        // A checkpoint alone tells what a shift rests on.
        let image = "\(directory)/image.png"
        var picture = RGBImage(width: 64, height: 48)
        for y in 0..<48 { for x in 0..<64 { picture[x, y] = RGBColour(UInt8(4 * x), UInt8(5 * y), UInt8(2 * x + y)) } }
        try picture.writePNG(to: image)
        var labels: [LabelImage] = []
        for (run, keys) in [(plain, set), (shifted, [])] {
          let moved = "\(directory)/checkpoint-\(labels.count)"
          try FileManager.default.copyItem(atPath: run.checkpoint(12), toPath: moved)
          let output = "\(directory)/out-\(labels.count)"
          expect(try Program.run("longtail", ["predict", moved, image, "--output", output] + keys))
          labels.append(try LabelImage(contentsOf: "\(output)/image.png"))
        }
        #expect(labels[0] == labels[1])
      }
    }

    @Test func severalRunsAreAveraged() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let runs = (1...2).map { RunResult(path: "\(directory)/run-\($0)") }
        for (seed, run) in runs.enumerated() { expect(try train(configuration, run.path, training + ["seed=\(seed)"])) }
        let alone = try runs.map { try evaluated([$0.path]) }
        let both = try evaluated([runs[0].path, "--with", runs[1].path])
        #expect(both.classes != alone[0].classes && both.classes != alone[1].classes)
        let swapped = try evaluated([runs[1].path, "--with", runs[0].path])
        for (a, b) in zip(both.classes, swapped.classes) { #expect(abs(a.predictedPixels - b.predictedPixels) <= 2) }
        if Program.hasMPI { #expect(try evaluated([runs[0].path, "--with", runs[1].path], ranks: 2) == both) }

        let folder = "\(directory)/folder"
        let other = RunResult(path: "\(directory)/other")
        expect(try train(try TinyExperiment.folder(in: folder), other.path, ["training.epochs=1"]))
        let refused = try Program.run("longtail", ["evaluate", runs[0].path, "--with", other.path])
        expect(refused, 78, errors: ["other classes than the first network", "ground"])
      }
    }

    @Test func temperaturesAreNeverFittedOnWhatIsEvaluated() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, training))
        let refused = try Program.run("longtail", ["evaluate", run.path, "--fit-temperature", "val"])
        expect(refused, 64, errors: ["--fit-temperature", "is the split that is evaluated"])
        let fitted = try Program.run("longtail", ["evaluate", run.path, "--fit-temperature", "train"])
        expect(fitted, output: ["temperature ", "fitted on train", "groups by"])
        let page = try String(contentsOfFile: "\(run.path)/report.html", encoding: .utf8)
        #expect(page.contains("Calibration of classes") && page.contains("Expected calibration error"))
      }
    }
  }
}
