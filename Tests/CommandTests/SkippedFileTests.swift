import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// `data.badFiles: skip`: training and evaluation do without what cannot be used, and say so.
  @Suite(.serialized) struct SkippedFileTests {
    private func damage(_ directory: String) throws {
      try Data("GIF89a".utf8).write(to: URL(fileURLWithPath: "\(directory)/train/images/3.png"))
      let link = "\(directory)/train/images/5.png"
      try FileManager.default.removeItem(atPath: link)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(directory)/elsewhere/5.png")
      let labels = URL(fileURLWithPath: "\(directory)/train/labels/8.png")
      try Data(contentsOf: labels).prefix(50).write(to: labels)
      // The first of a split is where sizes are taken from.
      try Data().write(to: URL(fileURLWithPath: "\(directory)/val/images/0.png"))
    }

    @Test func runsGoOnWithoutThem() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        try damage(directory)
        // With a size that is set, no single file is asked for it beforehand.
        let refused = try train(configuration, "\(directory)/refused", ["data.size={width: 64, height: 48}"])
        expect(
          refused, 65,
          errors: [
            "train/images/3.png: this is a GIF file", "train/images/5.png: there is no such file", "train/labels/8.png: broken PNG",
            "set data.badFiles to skip",
          ])
        var logs: [[String]] = []
        for ranks in [nil, Program.hasMPI ? 2 : nil] {
          let run = RunResult(path: "\(directory)/run-\(ranks ?? 1)-\(logs.count)")
          let outcome = try train(configuration, run.path, ["data.badFiles=skip", "training.dropLast=false"], ranks: ranks)
          expect(
            outcome,
            output: [
              "warning: 3 of 12 train samples are skipped", "train/images/3.png: this is a GIF file", "train/labels/8.png: broken PNG",
              "train/images/5.png: there is no such file",
              "warning: 1 of 3 val samples are skipped", "val/images/0.png: the file is empty",
            ])
          // Nine samples in batches of four, two epochs.
          #expect(run.loggedSteps == [1, 2, 3, 4, 5, 6], "\(outcome)")
          let list = try String(contentsOfFile: "\(run.path)/skipped-files.txt", encoding: .utf8)
          #expect(list.split(separator: "\n").count == 4 && list.contains("val \(directory)/val/images/0.png: the file is empty"))
          logs.append(run.lines("classes.jsonl"))
        }
        #expect(logs[0].count == logs[1].count)
        let run = "\(directory)/run-1-0"
        expect(try Program.run("longtail", ["evaluate", run]), output: ["1 of 3 val samples are skipped", "sign"])
        expect(
          try Program.run("longtail", ["stats", configuration, "--set", "data.badFiles=skip"]),
          output: ["3 of 12 train samples are skipped", "9 images"])
        // Nothing is left to be skipped once the files are good again.
        _ = try TinyExperiment.folder(in: directory)
        expect(try train(configuration, run, ["data.badFiles=skip"], ["--overwrite"]))
        #expect(!RunResult(path: run).names().contains("skipped-files.txt"))
      }
    }

    @Test func nothingButBadFilesIsNoTraining() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        for index in 0..<12 { try Data().write(to: URL(fileURLWithPath: "\(directory)/train/images/\(index).png")) }
        expect(
          try train(configuration, "\(directory)/run", ["data.badFiles=skip", "data.size={width: 64, height: 48}"]), 65,
          errors: ["all 12 samples of split 'train' have bad files", "the file is empty"])
      }
    }

    /// A label without a meaning is a mistake in the description of the data, not in a file.
    @Test func unknownLabelsAreNotSkipped() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        try TinyExperiment.setLabel(9, count: 5, in: "\(directory)/train/labels/7.png")
        expect(
          try train(configuration, "\(directory)/run", ["data.badFiles=skip"]), 65, errors: ["train/labels/7.png: label 9 at 5 pixels"])
        expect(try train(configuration, "\(directory)/run", ["data.badFiles=ignore"]), 64, errors: ["data.badFiles", "refuse, skip"])
      }
    }
  }
}
