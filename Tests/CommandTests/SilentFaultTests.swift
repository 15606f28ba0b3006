import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// What people hit without being told: files that are written over, labels from which nothing follows, statistics of one number.
  @Suite(.serialized) struct SilentFaultTests {
    private func write(_ text: String, _ path: String) throws {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func names(_ folder: String) -> [String] { (FileManager.default.subpaths(atPath: folder) ?? []).sorted() }

    private func longtail(_ arguments: String..., directory: String? = nil) throws -> Program.Outcome {
      try Program.run("longtail", arguments, directory: directory)
    }

    /// A run of two steps on labels that `TinyExperiment` draws.
    private func run(in directory: String) throws -> String {
      let configuration = try TinyExperiment.folder(in: directory)
      expect(try train(configuration, "\(directory)/run", ["training.steps=2"]))
      return "\(directory)/run"
    }

    @Test func predictWritesOverNothing() throws {
      try withTemporaryDirectory { directory in
        let run = try run(in: directory)
        let output = "\(directory)/out"
        for camera in ["camA", "camB"] {
          for name in ["frame1.png", "deep/frame2.png"] {
            try RGBImage(width: 64, height: 48).write(to: "\(directory)/in/\(camera)/\(name)")
          }
        }
        let inputs = "\(directory)/in"
        expect(
          try longtail("predict", run, "\(inputs)/camA", "\(inputs)/camB", "--output", output), 64,
          errors: ["camA/deep/frame2.png and \(inputs)/camB/deep/frame2.png would both become", "Nothing was written"])
        #expect(names(output).isEmpty)
        // The folder above keeps them apart.
        expect(try longtail("predict", run, inputs, "--output", output), output: ["camB/deep/frame2.png -> \(output)/camB/deep/frame2.png"])
        #expect(names(output).count { $0.hasSuffix(".png") } == 8)
        // The same once more; but what was corrected by hand stays.
        expect(try longtail("predict", run, inputs, "--output", output))
        try LabelImage(width: 64, height: 48, fill: 2).writePNG(to: "\(output)/camA/frame1.png")
        expect(
          try longtail("predict", run, inputs, "--output", output), 64,
          errors: ["\(output)/camA/frame1.png is there already", "--overwrite"])
        #expect(try LabelImage(contentsOf: "\(output)/camA/frame1.png").labels[0] == 2)
        expect(try longtail("predict", run, inputs, "--output", output, "--overwrite"))
        expect(
          try longtail("predict", run, inputs, "--output", "\(inputs)/camA"), 64, errors: ["would lie among the images"])
        #expect(names(inputs).count { $0.hasSuffix(".png") } == 4)

        // One bad file is named, and the others are predicted.
        try Data("GIF89a".utf8).write(to: URL(fileURLWithPath: "\(inputs)/camA/bad.png"))
        expect(
          try longtail("predict", run, inputs, "--output", "\(directory)/some"), 65, output: ["camB/frame1.png ->"],
          errors: ["1 of 5 images cannot be used", "\(inputs)/camA/bad.png: this is a GIF file", "data.badFiles=skip"])
        #expect(names("\(directory)/some").count { $0.hasSuffix(".png") } == 8)
        expect(
          try longtail("predict", run, inputs, "--output", "\(directory)/some", "--set", "data.badFiles=skip"), 0,
          errors: ["warning: 1 of 5 images cannot be used"])
        expect(
          try longtail("predict", run, "\(inputs)/camA/bad.png", "--output", "\(directory)/some", "--set", "data.badFiles=skip"), 65,
          errors: ["none of 1 images can be used"])
      }
    }

    @Test func otherCommandsWriteOverNothing() throws {
      try withTemporaryDirectory { directory in
        let run = try run(in: directory)
        let checkpoint = RunResult(path: run).checkpoint(2)
        expect(
          try longtail("export", run, "--output", "\(checkpoint)/model.safetensors", "--overwrite"), 64, errors: ["lies in a checkpoint"])
        expect(try longtail("verify", run))
        let mine = "\(directory)/mine.onnx"
        try write("mine", mine)
        expect(try longtail("export", run, "--output", mine), 64, errors: ["\(mine) is there already", "--overwrite"])
        expect(try longtail("report", run, "--output", mine), 64, errors: ["\(mine) is there already"])
        expect(
          try longtail("inspect", "\(directory)/tiny.yaml", "--picture", "\(directory)/train/images/0.png"), 64,
          errors: ["train/images/0.png is there already", "--picture"])
        #expect(try String(contentsOfFile: mine, encoding: .utf8) == "mine")
        for _ in 0..<2 {
          for file in ["x.onnx", "x.safetensors"] { expect(try longtail("export", run, "--output", "\(directory)/\(file)")) }
          expect(try longtail("report", run, "--output", "\(directory)/x.html"))
          expect(try longtail("inspect", "\(directory)/tiny.yaml", "--picture", "\(directory)/x.png"))
        }
        expect(try longtail("export", run, "--output", mine, "--overwrite"))
        // A folder of pictures that no run has written is nobody's run.
        let other = "\(directory)/album"
        try write("mine", "\(other)/pictures/holiday.jpg")
        for options in [[], ["--overwrite"], ["--resume", "auto"]] {
          expect(try train("\(directory)/tiny.yaml", other, [], options), 64, errors: ["\(other): pictures is there already"])
        }
        #expect(names(other) == ["pictures", "pictures/holiday.jpg"])
        try write("mine", "\(other)/report.md")
        expect(
          try longtail("compare", "\(directory)/tiny.yaml", "--output", other), 64, errors: ["\(other)/report.md is there already"])
      }
    }

    /// Masks of 0 and 255 whose 255 is ignored teach nothing; a split without labels judges nothing.
    @Test func labelsThatTeachNothingStopTheRun() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        for split in ["train", "val"] {
          for name in names("\(directory)/\(split)/labels") {
            var labels = try LabelImage(contentsOf: "\(directory)/\(split)/labels/\(name)")
            labels.map((0...255).map { $0 == 0 ? 0 : 255 })
            try labels.writePNG(to: "\(directory)/\(split)/labels/\(name)")
          }
        }
        let advice = "{0: ground, 255: wall}"
        expect(try train(configuration, "\(directory)/run"), 65, errors: ["labelled pixels of the training images are 'ground'", advice])
        #expect(!RunResult(path: "\(directory)/run").names().contains("log.jsonl"))
        expect(try longtail("stats", configuration), output: ["warning: all ", advice, "no pixel of wall"])
        expect(try longtail("inspect", configuration, "--samples", "0"), 65, output: ["wrong: train: all ", advice])
        expect(try train(configuration, "\(directory)/run", ["data.settings.labelMap={0: ground, 255: wall}", "training.steps=1"]))
      }
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        for index in 0..<3 { try LabelImage(width: 64, height: 48).writePNG(to: "\(directory)/val/labels/\(index).png") }
        expect(try train(configuration, "\(directory)/run"), 65, errors: ["split 'val': no pixel of its 3 label files has a class"])
        expect(try train(configuration, "\(directory)/run", ["evaluation.split=train", "training.steps=1"]))
        expect(try longtail("evaluate", "\(directory)/run", "--split", "val"), 65, errors: ["none of its 3 label files"])
      }
    }

    /// A class that only one of the splits has is said before the first step.
    @Test func classesOfOneSplitAreNamed() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        for index in 0..<3 {
          var labels = try LabelImage(contentsOf: "\(directory)/val/labels/\(index).png")
          labels.map((0...255).map { $0 == 2 ? 0 : UInt8($0) })
          try labels.writePNG(to: "\(directory)/val/labels/\(index).png")
        }
        expect(
          try train(configuration, "\(directory)/run", ["training.steps=1"]),
          output: ["warning: no pixel of tree in split 'val', but in training"])
        expect(try longtail("inspect", configuration, "--samples", "0"), output: ["note: no pixel of tree in split 'val'"])
      }
    }

    @Test func namesAreNotShifted() throws {
      try withTemporaryDirectory { directory in
        for index in 0..<6 {
          let labels = "\(directory)/data/labels/\(index).png"
          try TinyExperiment.writePair(
            image: "\(directory)/data/images/\(index).png", labels: labels, size: ImageSize(width: 32, height: 24), number: index,
            classes: 3, ignored: nil)
          var map = try LabelImage(contentsOf: labels)
          map.map((0...255).map { UInt8(min(255, $0 + 1)) })
          try map.writePNG(to: labels)
        }
        try write("ground\nred\ngreen\n", "\(directory)/data/classes.txt")
        let configuration = "\(directory)/c.yaml"
        expect(try longtail("init", "\(directory)/data", "--output", configuration))
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        #expect(text.contains("classes: [ground, red, green]") && text.contains("number 1 first") && text.contains("1: 0"), "\(text)")
        try write("ground\nred\ngreen\nblue\n", "\(directory)/data/classes.txt")
        expect(
          try longtail("init", "\(directory)/data", "--output", "\(directory)/d.yaml"),
          output: ["note: classes.txt has 4 names, and whether the first is number 0 or number 1 cannot be told", "class1, class2, class3"])
        expect(
          try longtail("inspect", "\(directory)/data", "--samples", "0"), output: ["note: classes.txt has 4 names"])
      }
    }

    @Test func statisticsOfOneNumberAreRefused() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let settings = ["model.name=deeplabv3-resnet18", "training.globalBatch=1"]
        let says = ["classifier.0.convs.4.2", "a single number per channel", "a larger training.globalBatch"]
        expect(try train(configuration, "\(directory)/run", settings), 64, errors: says)
        #expect(!RunResult(path: "\(directory)/run").names().contains("log.jsonl"))
        let doctor = try Program.run("longtail", ["doctor", configuration] + settings.flatMap { ["--set", $0] })
        expect(doctor, 70, output: ["batch normalization", "classifier.0.convs.4.2"])
        expect(
          try Program.run(
            "longtail", ["compare", configuration, "--output", "\(directory)/c"] + settings.flatMap { ["--set", $0] }), 64, errors: says)
        if Program.hasMPI {
          let local = ["model.name=deeplabv3-resnet18", "training.globalBatch=2", "model.batchNorm=local"]
          expect(
            try train(configuration, "\(directory)/run", local, ranks: 2), 64, errors: ["rank 0 of 2", "model.batchNorm synchronized"])
        }
      }
    }
  }
}
