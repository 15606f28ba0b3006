import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Augmentation for rare classes as people use it.
  @Suite(.serialized) struct AugmentationCommandTests {
    /// All of it at once, on images of 64 x 48 pixels.
    private let keys = [
      "data.augmentation.scale=[0.8, 1.3]", "data.augmentation.crop={width: 48, height: 32}", "data.augmentation.classCrop={pixels: 40}",
      "data.augmentation.rotate=10", "data.augmentation.gridDistortion={cells: 3}", "data.augmentation.gamma=[0.8, 1.2]",
      "data.augmentation.noise={deviation: [1, 5]}", "data.augmentation.policy={name: randAugment, magnitude: 4}",
      "data.augmentation.copyPaste={rareShare: 0.1, smallest: 4, count: 2, border: 1}",
      "data.augmentation.cutMix={chance: 0.3, temperature: 0.05}", "data.augmentation.mixup={chance: 0.3}",
      "data.sampler={name: rareClass, settings: {temperature: 0.1}}",
    ]

    private func losses(_ run: RunResult) throws -> [Double] {
      try run.lines().compactMap { try jsonObject("\($0)}")["loss"] as? Double }
    }

    /// One, two and four processes; and a run that is cut off in the middle of an epoch.
    @Test func trainingDoesNotDependOnRanksOrPauses() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = keys + ["training.dropLast=false", "training.epochs=2", "checkpoint.everySteps=1"]
        let whole = RunResult(path: "\(directory)/whole")
        expect(try train(configuration, whole.path, settings))
        let steps = try #require(whole.loggedSteps.last)

        let copy = try whole.copy(to: "\(directory)/copy", upTo: steps / 2 - 1)
        expect(try train(configuration, copy.path, settings, ["--resume", "required"]))
        #expect(try copy.digest(steps) == whole.digest(steps))
        #expect(copy.lines() == whole.lines())

        let plain = RunResult(path: "\(directory)/plain")
        expect(try train(configuration, plain.path, ["training.epochs=2"]))
        #expect(try losses(plain)[0] != (try losses(whole))[0], "augmentation changes what is seen")
        guard Program.hasMPI else { return }
        for ranks in [1, 2, 4] {
          let run = RunResult(path: "\(directory)/ranks-\(ranks)")
          expect(try train(configuration, run.path, settings, ranks: ranks))
          if ranks == 1 { #expect(try run.digest(steps) == whole.digest(steps)) }
          for (a, b) in zip(try losses(whole), try losses(run)) { #expect(abs(a - b) / a < 2e-4, "\(ranks) ranks") }
        }
      }
    }

    @Test func theSheetShowsWhatTheNetworkSees() throws {
      try withTemporaryDirectory { directory in
        let plain = try TinyExperiment.scenes(in: directory)
        let (sheet, again) = ("\(directory)/sheet.png", "\(directory)/again.png")
        for file in [sheet, again] {
          let outcome = try Program.run(
            "longtail", ["inspect", plain, "--augmented", "--output", file, "--samples", "3", "--epochs", "2"])
          expect(outcome, output: ["of images %", "of drawn %", "expected shares that show a class"], errors: ["wrote \(file)"])
        }
        let image = try RGBImage(contentsOf: sheet)
        // The image as it is and two epochs, enlarged until notes can be read: 2 x 64 pixels, with 4 between.
        #expect(image.width == 3 * (128 + 4) + 4)
        #expect(try RGBImage(contentsOf: again) == image, "the same seed draws the same sheet")
        let warped = "\(directory)/warped.png"
        expect(
          try Program.run(
            "longtail",
            ["inspect", plain, "--augmented", "--output", warped, "--samples", "3", "--epochs", "2"] + keys.flatMap { ["--set", $0] }),
          output: ["pasted too %"])
        #expect(try RGBImage(contentsOf: warped) != image, "--set changes what is seen")
        expect(
          try Program.run("longtail", ["inspect", directory, "--set", "seed=1"]), 64, errors: ["changes keys of a configuration"])
        expect(
          try Program.run("longtail", ["inspect", plain, "--augmented", "--epochs", "0"]), 64, errors: ["--epochs is 0"])
        expect(
          try Program.run("longtail", ["inspect", directory, "--augmented"]), 64, errors: ["needs a configuration"])
      }
    }

    @Test func loadingIsTimed() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let outcome = try Program.run(
          "longtail",
          ["bench", "load", configuration, "--images", "4", "--epochs", "2", "--json"] + keys.flatMap { ["--set", $0] })
        expect(outcome)
        let object = try jsonObject(outcome.output)
        #expect(object["images"] as? Int == 4)
        for key in ["decoded", "augmented", "plain"] {
          let row = try #require(object[key] as? [String: Any])
          #expect((row["median"] as? Double ?? 0) > 0 && (row["mean"] as? Double ?? 0) > 0)
        }
      }
    }

    @Test func mistakesAreToldBeforeTheFirstStep() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let mistakes = [
          ("data.augmentation.copyPaste={classes: [Cars]}", "Did you mean 'Car'?"),
          ("data.augmentation.copyPaste={rareShare: 0.0000001}", "nothing to paste"),
          ("data.augmentation.copypaste={}", "did you mean `data.augmentation.copyPaste`?"),
        ]
        for (setting, message) in mistakes {
          expect(try train(configuration, "\(directory)/run", [setting]), 64, errors: [message])
        }
      }
    }
  }
}
