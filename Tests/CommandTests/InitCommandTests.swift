import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// `longtail init`, training with what it wrote, and `longtail inspect` of data.
  @Suite(.serialized) struct InitCommandTests {
    private static let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path

    private static let quick = ["training.steps=2", "engine.algorithms=direct", "engine.threads=1", "reporting.pictures=1"]

    @Test(arguments: TinyLayout.allCases) func trainsAsItIs(layout: TinyLayout) throws {
      if layout == .nyuv2Official, !MATLABFixture.isAvailable {
        return print("SKIPPED trainsAsItIs(nyuv2Official): matio is not installed")
      }
      try withTemporaryDirectory { directory in
        let data = try layout.write(in: "\(directory)/data of mine")
        let first = try Program.run("longtail", ["init", data], directory: directory)
        let name = layout == .nyuv2Official ? "nyu_depth_v2_labeled.yaml" : "data of mine.yaml"
        expect(first, output: ["\(layout.dataset): ", "wrote \(name)", "longtail train"])
        #expect(!first.output.contains("warning"), "\(first)")
        let configuration = "\(directory)/\(name)"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        for part in ["name: \(layout.dataset)", "size: {width: 32, height: 32}", "name: pat", "groups: {head: ", "badFiles: refuse"] {
          #expect(text.contains(part), "'\(part)' in:\n\(text)")
        }
        // Nothing is overwritten.
        expect(try Program.run("longtail", ["init", data], directory: directory), 64, errors: ["\(name) is there already", "--output"])
        #expect(try String(contentsOfFile: configuration, encoding: .utf8) == text)

        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, Self.quick)
        expect(outcome)
        #expect(run.loggedSteps == [1, 2] && run.lines("classes.jsonl").count >= 1, "\(outcome)")
        #expect(outcome.output.contains("mIoU"), "\(outcome)")

        for path in [data, configuration] {
          let inspected = try Program.run("longtail", ["inspect", path, "--picture", "\(directory)/samples.png"])
          expect(inspected, output: ["data set    \(layout.dataset)", "nothing is wrong", "ignored"])
          let picture = try RGBImage(contentsOf: "\(directory)/samples.png")
          #expect(picture.width >= 480 && picture.height > 100)
        }
      }
    }

    /// With nothing set at all, from the directory where it was written.
    @Test func trainsWithNothingSet() throws {
      try withTemporaryDirectory { directory in
        _ = try TinyLayout.binary.write(in: "\(directory)/masks")
        expect(try Program.run("longtail", ["init", "masks", "--output", "mine.yaml"], directory: directory), output: ["wrote mine.yaml"])
        let text = try String(contentsOfFile: "\(directory)/mine.yaml", encoding: .utf8)
        for part in ["labelSuffix: \"_mask\"", "classes: [background, object]", "255: 1"] {
          #expect(text.contains(part), "'\(part)' in:\n\(text)")
        }
        // All of its epochs are for the long tests; the algorithms are measured, as they are for everybody.
        let epochs = CrashTests.areComplete ? [] : ["--set", "training.epochs=3"]
        let outcome = try Program("longtail", ["train", "mine.yaml"] + epochs, directory: directory).wait(seconds: 600)
        expect(outcome, output: ["object", "digest "])
        #expect(RunResult(path: "\(directory)/runs/mine").loggedSteps.last == (epochs.isEmpty ? 100 : 3), "\(outcome)")
      }
    }

    @Test func whatIsNotThereOrNotKnown() throws {
      try withTemporaryDirectory { directory in
        expect(try Program.run("longtail", ["init", "\(directory)/none"]), 66, errors: ["there is no \(directory)/none"])
        try "text".write(toFile: "\(directory)/notes.txt", atomically: true, encoding: .utf8)
        let outcome = try Program.run("longtail", ["init", directory, "--output", "\(directory)/x.yaml"])
        expect(outcome, 65, errors: ["no data set is recognized", "cityscapes: leftImg8bit/", "oxfordPets: ", "folder: "])
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/x.yaml"))
        expect(
          try Program.run("longtail", ["inspect", directory]), 65,
          errors: ["neither a run directory nor a checkpoint", "cityscapes: leftImg8bit/"])
        expect(try Program.run("longtail", ["init"]), 64)
      }
    }

    @Test func namesThatYAMLTakesForSomethingElse() throws {
      try withTemporaryDirectory { directory in
        let data = try TinyLayout.plain.write(in: "\(directory)/data: \"1\" # ü")
        try "yes\n12\n\u{e9}t\u{e9}\nb: c\nnull\n- d\n".write(toFile: "\(data)/classes.txt", atomically: true, encoding: .utf8)
        let configuration = "\(directory)/c.yaml"
        expect(try Program.run("longtail", ["init", data, "--output", configuration]))
        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, Self.quick)
        expect(outcome, output: ["\u{e9}t\u{e9}", "b: c", "- d"])
      }
    }

    @Test func inspectNamesWhatIsWrong() throws {
      try withTemporaryDirectory { directory in
        let data = try TinyLayout.cityscapes.write(in: "\(directory)/data")
        try TinyExperiment.setLabel(77, count: 3, in: "\(data)/gtFine/train/aachen/aachen_000002_000019_gtFine_labelIds.png")
        try Data("GIF89a".utf8).write(to: URL(fileURLWithPath: "\(data)/leftImg8bit/val/lindau/lindau_000001_000019_leftImg8bit.png"))
        let outcome = try Program.run("longtail", ["inspect", data], directory: directory)
        expect(
          outcome, 65,
          output: [
            "19 classes", "6 train, 3 val", "traffic sign", "0-6, 9-10, 14-16, 18, 29-30, 255", "wrong: train: ", "label 77 at 3 pixels",
            "wrong: val: ", "this is a GIF file", "note: train: no pixel of sidewalk",
          ], errors: ["wrote data-samples.png"])
        #expect(FileManager.default.fileExists(atPath: "\(directory)/data-samples.png"))
        let report = try jsonObject(try Program.run("longtail", ["inspect", data, "--json", "--samples", "0"]).output)
        #expect((report["errors"] as? [String])?.count == 2 && (report["classes"] as? [Any])?.count == 19)
        // init warns, and training refuses.
        let configuration = "\(directory)/c.yaml"
        expect(
          try Program.run("longtail", ["init", data, "--output", configuration]), output: ["warning: ", "label 77 at 3 pixels"])
        expect(try train(configuration, "\(directory)/run", Self.quick), 65, errors: ["label 77 at 3 pixels"])
        expect(try Program.run("longtail", ["inspect", data, "--split", "vall"]), 64, errors: ["there is no split 'vall'"])
      }
    }

    /// The real samples, from `init` to an evaluation; two steps each.
    @Test(arguments: ["camvid", "oxford-pets", "nyuv2"]) func realSamples(name: String) throws {
      let data = "\(Self.shared)/\(name)"
      guard FileManager.default.fileExists(atPath: data) else {
        return print("SKIPPED realSamples(\(name)): ../shared/data/\(name) is not there")
      }
      try withTemporaryDirectory { directory in
        let configuration = "\(directory)/\(name).yaml"
        expect(try Program.run("longtail", ["init", data, "--output", configuration]), output: ["wrote "])
        let run = RunResult(path: "\(directory)/run")
        let small = ["data.size={width: 64, height: 48}", "model.width=8", "evaluation.resolution=network"]
        let outcome = try train(configuration, run.path, Self.quick + small)
        expect(outcome)
        #expect(run.loggedSteps == [1, 2], "\(outcome)")
      }
    }
  }
}
