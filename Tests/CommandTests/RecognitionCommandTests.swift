import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Images with a class each, through every command: from a class folder to a trained network and its report.
  @Suite(.serialized) struct RecognitionCommandTests {
    private static let quick = ["engine.algorithms=direct", "engine.threads=1", "reporting.pictures=2"]

    /// Squares in the colour of their class on grey, in one folder a class.
    private static func writeFolders(_ root: String, _ counts: [(name: String, colour: RGBColour, images: Int)], side: Int = 20) throws {
      for (label, entry) in counts.enumerated() {
        for number in 0..<entry.images {
          var image = RGBImage(width: side, height: side, fill: RGBColour(110, 110, 110))
          let (x, y) = (3 + (number * 5 + label) % (side - 12), 2 + (number * 3) % (side - 12))
          image.fill(x: x..<x + 9, y: y..<y + 9, with: entry.colour)
          try image.write(to: "\(root)/\(entry.name)/\(number).png")
        }
      }
    }

    private static let signs: [(name: String, colour: RGBColour, images: Int)] = [
      ("red", RGBColour(230, 30, 30), 40), ("green", RGBColour(30, 230, 30), 20), ("blue", RGBColour(30, 30, 230), 10),
    ]

    /// A configuration of drawn signs and a small network.
    private static func glyphs(in directory: String, _ more: String = "") throws -> String {
      let path = "\(directory)/glyphs.yaml"
      try """
      task: recognition
      data:
        name: glyphs
        settings: {classes: 4, imbalance: 4, largest: 24, validation: 3, test: 3}
        augmentation: {flip: 0, padAndCrop: 2}
      model: {name: resnet10-small, settings: {width: 8}}
      objective: {name: balancedSoftmax}
      optimizer: {name: sgd, learningRate: 0.05, momentum: 0.9}
      training: {epochs: 2, globalBatch: 9}
      evaluation: {batch: 5}
      engine: {algorithms: direct, threads: 1}
      reporting: {pictures: 2}
      \(more)
      """.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    @Test func fromAClassFolderToAReport() throws {
      try withTemporaryDirectory { directory in
        try Self.writeFolders("\(directory)/signs", Self.signs)
        let first = try Program.run("longtail", ["init", "signs"], directory: directory)
        expect(first, output: ["folder: 56 train, 14 val images of 3 classes", "network resnet10-small", "wrote signs.yaml"])
        let text = try String(contentsOfFile: "\(directory)/signs.yaml", encoding: .utf8)
        for part in [
          "task: recognition", "validationShare: 0.2", "padAndCrop: 2", "name: balancedSoftmax", "warmup: \"3 %\"", "red 32, green 16",
        ] {
          #expect(text.contains(part), "'\(part)' in:\n\(text)")
        }
        let inspected = try Program.run("longtail", ["inspect", "signs.yaml", "--picture", "sheet.png"], directory: directory)
        expect(inspected, output: ["data set    folder, 3 classes", "images      56 train, 14 val", "nothing is wrong", "red    medium"])
        let sheet = try RGBImage(contentsOf: "\(directory)/sheet.png")
        #expect(sheet.width > 700 && sheet.height > 300)
        expect(
          try Program.run("longtail", ["stats", "signs.yaml", "--lists", "lists"], directory: directory),
          output: ["red", "medium", "few", "56 images, 0 ignored", "4 : 1", "log share  margin", "bound of the balanced error"])
        #expect(try String(contentsOfFile: "\(directory)/lists/training-subset.txt", encoding: .utf8).contains("green/0.png 1") == true)

        let run = RunResult(path: "\(directory)/run")
        let settings = Self.quick + ["training.epochs=6", "model.settings={width: 8}", "optimizer.learningRate=0.05", "evaluation.every=3"]
        expect(try train("\(directory)/signs.yaml", run.path, settings), output: ["accuracy", "digest "])
        #expect(run.names().contains("training-subset.txt") && run.lines("classes.jsonl").count == 2)

        // What an evaluation finds is what the log tells.
        let evaluated = try Program.run("longtail", ["evaluate", run.path, "--json"])
        expect(evaluated)
        let (found, logged) = (try jsonObject(evaluated.output), try jsonObject((try #require(run.lines("classes.jsonl").last)) + "}"))
        for name in ["accuracy", "balancedAccuracy", "calibrationError"] {
          #expect(found[name] as? Double == logged[name] as? Double && found[name] is Double, "\(name)")
        }

        expect(try Program.run("longtail", ["report", run.path]))
        let page = try String(contentsOfFile: "\(run.path)/report.html", encoding: .utf8)
        for part in ["Calibration", "accuracy", "green", "balanced accuracy"] { #expect(page.contains(part), "'\(part)' on the page") }
        #expect(!page.contains("mIoU") && !page.contains("at network resolution"), "nothing of another task")
      }
    }

    @Test func predictionsAreATableAndSheets() throws {
      try withTemporaryDirectory { directory in
        try Self.writeFolders("\(directory)/signs", Self.signs)
        expect(try Program.run("longtail", ["init", "signs"], directory: directory))
        let run = RunResult(path: "\(directory)/run")
        expect(
          try train(
            "\(directory)/signs.yaml", run.path,
            Self.quick + ["training.epochs=12", "model.settings={width: 8}", "optimizer.learningRate=0.05"]))
        let out = "\(directory)/out"
        // The data set need not be there.
        try FileManager.default.moveItem(atPath: "\(directory)/signs", toPath: "\(directory)/elsewhere")
        let outcome = try Program.run("longtail", ["predict", run.path, "\(directory)/elsewhere", "--output", out, "--top", "2"])
        expect(outcome, output: ["wrote \(out)/predictions.csv", "wrote \(out)/sheet-001.png", "wrote \(out)/sheet-002.png"])
        let lines = try String(contentsOfFile: "\(out)/predictions.csv", encoding: .utf8).split(separator: "\n")
        #expect(lines.first == "image,class1,probability1,class2,probability2" && lines.count == 71)
        // A trained network tells colours apart.
        let right = lines.dropFirst().count { line in
          let cells = line.split(separator: ",")
          return cells[0].split(separator: "/").dropLast().last == cells[1]
        }
        #expect(right > 45, "\(lines.prefix(8))")
        // Once more is allowed: the files are longtail's own; somebody else's are not replaced.
        expect(try Program.run("longtail", ["predict", run.path, "\(directory)/elsewhere", "--output", out]))
        try "mine".write(toFile: "\(out)/predictions.csv", atomically: true, encoding: .utf8)
        expect(
          try Program.run("longtail", ["predict", run.path, "\(directory)/elsewhere", "--output", out]), 64,
          errors: ["predictions.csv is there already"])
        let whole = try Program.run(
          "longtail", ["predict", run.path, "\(directory)/elsewhere/red/1.png", "--output", "\(directory)/all", "--probabilities"])
        expect(whole)
        #expect(try String(contentsOfFile: "\(directory)/all/predictions.csv", encoding: .utf8).contains("class3,probability3"))

        expect(try Program.run("longtail", ["export", run.path, "--output", "\(directory)/signs.onnx"]), output: ["signs.onnx"])
        #expect(FileManager.default.fileExists(atPath: "\(directory)/signs.onnx"))
      }
    }

    /// Mixing, views of chance and the last, smaller batch: on one rank, on several, and stopped in between, a run ends the same.
    @Test func ranksAndResumingDoNotMatter() throws {
      try withTemporaryDirectory { directory in
        let configuration = try Self.glyphs(in: directory)
        let settings = [
          "data.augmentation.mixup={alpha: 0.4}", "data.augmentation.cutMix={}", "data.augmentation.autoAugment=true",
          "training.dropLast=false", "checkpoint.keepLast=20", "checkpoint.everySteps=1",
        ]
        let whole = RunResult(path: "\(directory)/whole")
        let outcome = try train(configuration, whole.path, settings)
        expect(outcome, output: ["digest "])
        let last = try #require(whole.checkpoints.last)
        for step in [3, last - 1] {
          let part = try whole.copy(to: "\(directory)/part\(step)", upTo: step)
          expect(try train(configuration, part.path, settings, ["--resume", "required"]))
          #expect(try part.digest(last) == whole.digest(last), "from step \(step)")
        }
        guard Program.hasMPI else { return print("SKIPPED: there is no mpirun to compare ranks with") }
        for ranks in [2, 4] {
          let other = RunResult(path: "\(directory)/ranks\(ranks)")
          expect(try train(configuration, other.path, settings, ranks: ranks))
          // Sums of float32 in another order: losses are the same to a few digits, later ones to fewer.
          let (a, b) = (try losses(whole), try losses(other))
          #expect(a.count == b.count && a.count == last)
          #expect(zip(a, b).prefix(3).allSatisfy { abs($0 - $1) < 1e-4 * $0 }, "\(ranks) ranks: \(a), \(b)")
          #expect(zip(a, b).allSatisfy { abs($0 - $1) < 0.05 * $0 }, "\(ranks) ranks: \(a), \(b)")
        }
      }
    }

    private func losses(_ run: RunResult) throws -> [Double] {
      try run.lines().map { try #require(jsonObject($0 + "}")["loss"] as? Double) }
    }

    @Test func theSubsetOfARunIsTakenByAnother() throws {
      try withTemporaryDirectory { directory in
        let configuration = try Self.glyphs(in: directory)
        let tail = ["data.settings.imbalance=1", "data.longTail={factor: 6, seed: 2}", "training.epochs=1"]
        let first = RunResult(path: "\(directory)/first")
        expect(try train(configuration, first.path, tail), output: ["digest "])
        let list = "\(first.path)/training-subset.txt"
        #expect(try String(contentsOfFile: list, encoding: .utf8).hasPrefix("# Longtail training subset, SHA-256 "))
        let second = RunResult(path: "\(directory)/second")
        expect(
          try train(configuration, second.path, ["data.settings.imbalance=1", "data.longTail={list: \(list)}", "training.epochs=1"]))
        #expect(first.lines() == second.lines(), "the same images give the same steps")
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: list)) == Data(contentsOf: URL(fileURLWithPath: "\(second.path)/training-subset.txt")))
        // Going on with other images is refused.
        expect(
          try train(
            configuration, first.path, ["data.settings.imbalance=1", "data.longTail={factor: 6, seed: 3}", "training.epochs=2"],
            ["--resume", "required"]), 78, errors: ["training-subset.txt"])
      }
    }

    @Test func whatBelongsToAnotherTaskIsRefused() throws {
      try withTemporaryDirectory { directory in
        let configuration = try Self.glyphs(in: directory)
        for (setting, text) in [
          ("data.augmentation.scale=[0.5,2]", "`data.augmentation.scale` is a key of task segmentation"),
          ("task=segmentation", "`data.augmentation.padAndCrop` is a key of task recognition"),
          ("model.name=unet", "task recognition needs one row for the whole"),
          ("checkpoint.best=[miou]", "there is no score 'miou'"),
        ] {
          let outcome = try train(configuration, "\(directory)/run", [setting])
          #expect(outcome.exitCode == 64 && outcome.errors.contains(text), "\(setting): \(outcome)")
        }
        let scenes = try TinyExperiment.scenes(in: directory)
        expect(
          try train(scenes, "\(directory)/run", ["data.augmentation.cutout=4"]), 64,
          errors: ["`data.augmentation.cutout` is a key of task recognition"])
      }
    }
  }
}
