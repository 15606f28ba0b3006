import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Files that are wrong: named, before the first step where that can be known.
  @Suite(.serialized) struct BadDataTests {
    private func expectRefused(_ configuration: String, _ directory: String, code: Int32 = 65, says: [String]) throws {
      let run = RunResult(path: "\(directory)/run")
      for ranks in [nil, Program.hasMPI ? 2 : nil] {
        try? FileManager.default.removeItem(atPath: run.path)
        let outcome = try train(configuration, run.path, ranks: ranks)
        #expect(outcome.exitCode == code, "\(outcome)")
        for text in says {
          let count = outcome.errors.occurrences(of: text)
          #expect(count == 1, "'\(text)' in: \(outcome)")
        }
        #expect(!outcome.output.contains("step 1"))
        #expect(!run.names().contains("log.jsonl"))
        #expect(!run.names().contains("config.yaml"))
        #expect(run.checkpoints.isEmpty)
      }
    }

    @Test func unknownLabelInAFolder() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let file = "\(directory)/train/labels/7.png"
        try TinyExperiment.setLabel(9, count: 5, in: file)
        try expectRefused(configuration, directory, says: ["\(file): label 9 at 5 pixels is neither a class nor ignored"])
        let stats = try Program.run("longtail", ["stats", configuration])
        expect(stats, 65, errors: ["\(file): label 9 at 5 pixels is neither a class nor ignored"])
      }
    }

    @Test func unknownLabelInCamVid() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.camVid(in: directory)
        try TinyExperiment.setLabel(12, count: 3, in: "\(directory)/trainannot/2.png")
        try TinyExperiment.setLabel(200, count: 4, in: "\(directory)/trainannot/5.png")
        try expectRefused(
          configuration, directory,
          says: ["\(directory)/trainannot/2.png: label 12 at 3 pixels is neither a class nor ignored", "and 1 more such case"])
      }
    }

    @Test func unknownLabelInValidation() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let file = "\(directory)/val/labels/1.png"
        try TinyExperiment.setLabel(9, count: 5, in: file)
        try expectRefused(configuration, directory, says: ["\(file): label 9 at 5 pixels is neither a class nor ignored"])
      }
    }

    @Test(arguments: ["train", "val"]) func imagesOfOtherSizes(split: String) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let labels = "\(directory)/\(split)/labels/2.png"
        try TinyExperiment.writePair(
          image: "\(directory)/\(split)/images/2.png", labels: labels, size: ImageSize(width: 32, height: 24), number: 2, classes: 4,
          ignored: 255)
        try expectRefused(configuration, directory, says: ["\(labels) has 32 x 24"])
      }
    }

    @Test func noValidationImages() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 0)
        try expectRefused(configuration, directory, code: 66, says: ["has no images in split 'val'"])
      }
    }

    @Test(arguments: ["labels", "images"]) func emptyFile(kind: String) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        try Data().write(to: URL(fileURLWithPath: "\(directory)/train/\(kind)/3.png"))
        try expectRefused(configuration, directory, says: ["\(directory)/train/\(kind)/3.png"])
      }
    }

    @Test func truncatedLabels() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let file = URL(fileURLWithPath: "\(directory)/train/labels/3.png")
        let data = try Data(contentsOf: file)
        try data.prefix(data.count * 2 / 3).write(to: file)
        try expectRefused(configuration, directory, says: [file.path])
      }
    }

    @Test func truncatedPicture() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let file = URL(fileURLWithPath: "\(directory)/train/images/3.png")
        let data = try Data(contentsOf: file)
        try data.prefix(data.count * 2 / 3).write(to: file)
        try expectRefused(configuration, directory, says: [file.path])
      }
    }

    @Test func missingLabelsAndOtherSizes() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let file = "\(directory)/train/labels/3.png"
        try LabelImage(width: 5, height: 4, fill: 0).writePNG(to: file)
        try expectRefused(configuration, directory, says: ["5 x 4 labels for an image of 64 x 48"])
        try FileManager.default.removeItem(atPath: file)
        try expectRefused(configuration, directory, says: ["train/images/3.png: no label file of the same name"])
        try FileManager.default.removeItem(atPath: "\(directory)/train")
        try expectRefused(configuration, directory, code: 66, says: ["\(directory)/train/images"])
      }
    }
  }
}
