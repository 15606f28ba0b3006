import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// `evaluate`, `predict` and `stats` on what a short training leaves.
  @Suite(.serialized) struct TrainedNetworkTests {
    /// What both `evaluate --json` and `classes.jsonl` tell.
    private struct Evaluation: Decodable, Equatable {
      struct Class: Decodable, Equatable {
        var name: String
        var pixels: Int
        var predictedPixels: Int
        var iou: Double?
        var accuracy: Double?
      }
      var step: Int
      var epoch: Int
      var images: Int
      var resolution: String
      var miou: Double?
      var pixelAccuracy: Double?
      var classes: [Class]

      var judgedPixels: Int { classes.map(\.pixels).reduce(0, +) }
      var predictedPixels: Int { classes.map(\.predictedPixels).reduce(0, +) }
    }

    private func evaluation(_ text: String) throws -> Evaluation { try JSONDecoder().decode(Evaluation.self, from: Data(text.utf8)) }

    private func logged(_ run: RunResult) throws -> [Evaluation] { try run.lines("classes.jsonl").map { try evaluation("\($0)}") } }

    private func evaluated(_ arguments: [String], ranks: Int? = nil) throws -> Evaluation {
      let outcome = try Program.run("longtail", ["evaluate"] + arguments + ["--json"], ranks: ranks)
      try #require(outcome.exitCode == 0, "\(outcome)")
      return try evaluation(outcome.output)
    }

    @Test func evaluateFindsWhatTheLogTells() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, ["training.epochs=4", "optimizer.learningRate=0.02"]))
        let log = try logged(run)
        #expect(log.map(\.step) == [3, 6, 9, 12])
        #expect(log.map(\.epoch) == [1, 2, 3, 4])
        #expect(log[3].images == 5)
        #expect(Set(log.map(\.miou)).count > 1, "the network learns")
        #expect(try evaluated([run.path]) == log[3])
        if Program.hasMPI {
          for ranks in [1, 2, 4] { #expect(try evaluated([run.path], ranks: ranks) == log[3], "\(ranks) ranks") }
        }
        #expect(try evaluated([run.checkpoint(6)]) == log[1])
        let best = log.max { ($0.miou ?? 0) < ($1.miou ?? 0) }
        #expect(try evaluated([run.path, "--checkpoint", "miou"]).miou == best?.miou)

        let table = try Program.run("longtail", ["evaluate", run.path])
        expect(table, output: ["Cyclist", "mIoU tail"])
        let other = try evaluated([run.path, "--split", "train"])
        #expect(other.images == 12)
        let wrong = try Program.run("longtail", ["evaluate", run.path, "--checkpoint", "mious"])
        expect(wrong, 64, errors: ["'miou'"])
        let nowhere = try Program.run("longtail", ["evaluate", "\(directory)/nowhere"])
        expect(nowhere, 66, errors: ["\(directory)/nowhere"])
      }
    }

    /// Predictions in files are those that evaluation counts at the labels' own size.
    @Test func predictWritesWhatEvaluateCounts() throws {
      try withTemporaryDirectory { directory in
        let size = ImageSize(width: 90, height: 70)
        let configuration = try TinyExperiment.folder(in: directory, size: size)
        let run = RunResult(path: "\(directory)/run")
        let settings = [
          "data.size={width: 64, height: 48}", "evaluation.resolution=label", "training.epochs=5", "optimizer.learningRate=0.02",
        ]
        expect(try train(configuration, run.path, settings))
        let log = try #require(try logged(run).last)
        #expect(log.resolution == "label")
        #expect(try evaluated([run.path]) == log)

        let output = "\(directory)/out"
        let outcome = try Program.run("longtail", ["predict", run.path, "\(directory)/val/images", "--output", output])
        expect(outcome)
        var (pixels, predicted, correct) = ([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0])
        for index in 0..<3 {
          let labels = try LabelImage(contentsOf: "\(output)/\(index).png")
          let truth = try LabelImage(contentsOf: "\(directory)/val/labels/\(index).png")
          #expect(labels.width == size.width)
          #expect(labels.height == size.height)
          let overlaySize = try ImageSize(contentsOf: "\(output)/\(index)-overlay.png")
          #expect(overlaySize == size)
          #expect(
            try RGBImage(contentsOf: "\(output)/\(index)-overlay.png") != RGBImage(contentsOf: "\(directory)/val/images/\(index).png"))
          for (label, wanted) in zip(labels.labels, truth.labels) {
            try #require(label < 4)
            guard wanted != 255 else { continue }
            pixels[Int(wanted)] += 1
            predicted[Int(label)] += 1
            if label == wanted { correct[Int(wanted)] += 1 }
          }
        }
        #expect(log.classes.map(\.pixels) == pixels)
        #expect(log.classes.map(\.predictedPixels) == predicted)
        for k in 0..<4 {
          let union = pixels[k] + predicted[k] - correct[k]
          let expected: Double? = union > 0 ? Double(correct[k]) / Double(union) : nil
          #expect(log.classes[k].iou == expected)
        }

        let single = try Program.run("longtail", ["predict", run.path, "\(directory)/train/images/4.png", "--output", output])
        expect(single)
        #expect(FileManager.default.fileExists(atPath: "\(output)/4-overlay.png"), "\(single)")
        let missing = try Program.run("longtail", ["predict", run.path, "\(directory)/nothing.png"])
        expect(missing, 66, errors: ["nothing.png"])
      }
    }

    /// At the network's size fewer pixels are judged than at the labels'; where both are one size, both count alike.
    @Test func resolutions() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, size: ImageSize(width: 90, height: 70), ignores: false)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, ["data.size={width: 62, height: 46}", "training.epochs=1"]))
        let network = try evaluated([run.path])
        let label = try evaluated([run.path, "--set", "evaluation.resolution=label"])
        #expect(network.resolution == "network")
        #expect(label.resolution == "label")
        #expect(network.judgedPixels == 3 * 62 * 46)
        #expect(label.judgedPixels == 3 * 90 * 70)
        #expect(label.predictedPixels == 3 * 90 * 70)

        // No `size`: the network sees the images as they are, padded to a multiple of its stride.
        let own = RunResult(path: "\(directory)/own")
        expect(try train(configuration, own.path, ["training.epochs=1"]))
        var atLabel = try evaluated([own.path, "--set", "evaluation.resolution=label"])
        let atNetwork = try evaluated([own.path])
        #expect(atLabel.resolution == "label")
        atLabel.resolution = "network"
        #expect(atLabel == atNetwork)
        #expect(atNetwork.judgedPixels == 3 * 90 * 70)
      }
    }

    /// A crop decides the size of training, not that of evaluation and prediction.
    @Test func cropsAreForTrainingAlone() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, size: ImageSize(width: 90, height: 70), ignores: false)
        for (name, settings, pixels) in [
          ("crop", ["data.augmentation.crop={width: 64, height: 48}"], 3 * 90 * 70),
          ("large", ["data.augmentation.crop={width: 112, height: 80}"], 3 * 90 * 70),
          (
            "both",
            ["data.size={width: 80, height: 60}", "data.augmentation.crop={width: 64, height: 48}", "data.augmentation.scale=[0.5, 2]"],
            3 * 80 * 60
          ),
        ] {
          let run = RunResult(path: "\(directory)/\(name)")
          let outcome = try train(configuration, run.path, settings + ["training.epochs=1"])
          expect(outcome)
          #expect(try evaluated([run.path]).judgedPixels == pixels)
          let label = try evaluated([run.path, "--set", "evaluation.resolution=label"])
          #expect(label.judgedPixels == 3 * 90 * 70)
          let predicted = try Program.run(
            "longtail", ["predict", run.path, "\(directory)/val/images/0.png", "--output", "\(directory)/out"])
          expect(predicted)
        }
      }
    }

    private struct Audit: Decodable {
      struct Counts: Decodable {
        var pixels: [Int]
        var images: [Int]
        var ignoredPixels: Int
        var imageCount: Int
      }
      struct Class: Decodable {
        var index: Int
        var name: String
        var group: String
        var pixels: Int
        var images: Int
        var share: Double
      }
      var dataset: String
      var split: String
      var statistics: Counts
      var classes: [Class]
      var groups: [String: [String]]
    }

    @Test func statsCountPixels() throws {
      try withTemporaryDirectory { directory in
        let size = ImageSize(width: 64, height: 48)
        let configuration = try TinyExperiment.folder(in: directory, size: size)
        for (split, count) in [("train", 12), ("val", 3)] {
          var (pixels, images, ignored) = ([0, 0, 0, 0], [0, 0, 0, 0], 0)
          for image in 0..<count {
            var seen = Set<Int>()
            for y in 0..<size.height {
              for x in 0..<size.width {
                let label = TinyExperiment.label(x: x, y: y, image: image, classes: 4, size: size, ignored: 255)
                if label == 255 {
                  ignored += 1
                } else {
                  pixels[Int(label)] += 1
                  seen.insert(Int(label))
                }
              }
            }
            for k in seen { images[k] += 1 }
          }
          for ranks in Program.hasMPI ? [nil, 2, 4] : [nil] {
            let outcome = try Program.run("longtail", ["stats", configuration, "--split", split, "--json"], ranks: ranks)
            expect(outcome)
            let audit = try JSONDecoder().decode(Audit.self, from: Data(outcome.output.utf8))
            #expect(audit.dataset == "folder")
            #expect(audit.statistics.imageCount == count)
            #expect(audit.statistics.pixels == pixels)
            #expect(audit.statistics.images == images)
            #expect(audit.statistics.ignoredPixels == ignored)
            #expect(audit.classes.map(\.name) == ["ground", "wall", "tree", "sign"])
            #expect(audit.classes.map(\.pixels) == pixels)
            #expect(audit.classes.map(\.images) == images)
            #expect(audit.classes.map(\.index) == [0, 1, 2, 3])
            #expect(abs(audit.classes.map(\.share).reduce(0, +) - 1) < 1e-12)
            #expect(Set(audit.groups.keys) == ["head", "medium", "tail"])
            #expect(audit.groups.values.flatMap { $0 }.sorted() == ["ground", "sign", "tree", "wall"])
            for entry in audit.classes { #expect(audit.groups[entry.group]?.contains(entry.name) == true, "\(entry)") }
          }
        }
        let table = try Program.run("longtail", ["stats", configuration])
        for text in ["ground", "sign", "head", "12 images", "head to tail"] { #expect(table.output.contains(text), "\(table)") }
        let wrong = try Program.run("longtail", ["stats", configuration, "--split", "trian"])
        expect(wrong, 64, errors: ["trian"])
      }
    }
  }
}
