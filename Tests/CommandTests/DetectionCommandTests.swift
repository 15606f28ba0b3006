import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// What commands beside training say of detectors.
  @Suite(.serialized) struct DetectionCommandTests {
    private static let parts = [
      "backbone", "pyramid", "anchor head", "proposals", "drawing", "RoIAlign", "region head", "losses", "sums over ranks", "update",
    ]
    private static let tiny = [
      "backboneWidth: 16", "pyramidChannels: 16", "headWidth: 16", "pooledSize: 5", "anchorSizes: [8, 14, 24, 40, 70]", "canonicalSize: 28",
      "anchorSamples: 32", "rows: 12", "trainingProposals: 40", "proposals: 20",
    ].joined(separator: ", ")

    /// Two training images and one for validation in COCO's form, whose categories have the numbers 7 and 30.
    private func boxes(in directory: String) throws -> String {
      let folder = "\(directory)/data"
      try FileManager.default.createDirectory(atPath: "\(folder)/images", withIntermediateDirectories: true)
      for (split, count) in [("train", 2), ("val", 1)] {
        var (images, annotations) = ([String](), [String]())
        for index in 0..<count {
          var image = RGBImage(width: 64, height: 64, fill: RGBColour(40, 40, 40))
          image.fill(x: 8..<28, y: 10..<30, with: .white)
          image.fill(x: 36..<60, y: 30..<50, with: RGBColour(200, 0, 0))
          try image.writePNG(to: "\(folder)/images/\(split)\(index).png", software: "test")
          images.append("{\"id\": \(index + 1), \"file_name\": \"\(split)\(index).png\", \"width\": 64, \"height\": 64}")
          for (place, box) in [(7, "[8, 10, 20, 20]"), (30, "[36, 30, 24, 20]")] {
            annotations.append(
              "{\"id\": \(annotations.count + 1), \"image_id\": \(index + 1), \"category_id\": \(place), \"bbox\": \(box)}")
          }
        }
        let categories = "[{\"id\": 7, \"name\": \"plate\"}, {\"id\": 30, \"name\": \"flag\"}]"
        let text =
          "{\"images\": [\(images.joined(separator: ", "))], \"annotations\": [\(annotations.joined(separator: ", "))], "
          + "\"categories\": \(categories)}"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(split).json"))
      }
      let configuration = """
        task: detection
        data: {name: boxes, root: \(folder), size: {width: 64, height: 64}, augmentation: {flip: 0.5}}
        model: {name: fasterRCNN-resnet18, settings: {\(DetectionCommandTests.tiny), scoreThreshold: 0}}
        objective: {name: sigmoid}
        schedule: {name: constant}
        training: {epochs: 1, globalBatch: 2}
        evaluation: {batch: 1}
        engine: {threads: 1, algorithms: direct}
        """
      let path = "\(directory)/boxes.yaml"
      try Data(configuration.utf8).write(to: URL(fileURLWithPath: path))
      return path
    }

    @Test(arguments: [1, 2]) func stepsAreTimedByPart(ranks: Int) throws {
      guard ranks == 1 || Program.hasMPI else { return }
      let arguments = [
        "bench", "step", "--model", "fasterRCNN-resnet18", "--size", "64x64", "--classes", "5", "--steps", "2", "--warmup", "1", "--batch",
        "3", "--threads", "1", "--objective", "eqlv2", "--algorithms", "direct", "--set", "model.settings={\(DetectionCommandTests.tiny)}",
      ]
      let outcome = try Program.run("longtail", arguments + ["--json"], ranks: ranks)
      try #require(outcome.exitCode == 0, "\(outcome)")
      let json = try jsonObject(outcome.output)
      #expect(json["parameterDigestChanged"] as? Bool == true)
      let parts = try #require(json["parts"] as? [String: [String: Double]])
      #expect(Set(parts.keys) == Set(DetectionCommandTests.parts))
      for name in ["backbone", "pyramid", "anchor head", "RoIAlign", "region head"] {
        #expect(try #require(parts[name]?["forward"]) > 0 && #require(parts[name]?["backward"]) > 0, "\(name)")
      }
      for name in ["proposals", "drawing", "losses", "update"] { #expect(try #require(parts[name]?["forward"]) > 0, "\(name)") }
      let kinds = try #require(json["layerKinds"] as? [String: [String: Double]])
      #expect(kinds["levelPacking"] != nil || kinds.count > 4, "\(kinds.keys)")
      guard ranks == 1 else { return }
      let table = try Program.run("longtail", arguments)
      for text in DetectionCommandTests.parts + ["fasterRCNN-resnet18, 5 classes"] {
        #expect(table.output.contains(text), "\(text): \(table.output)")
      }
    }

    @Test func plansKnowBothStages() throws {
      try withTemporaryDirectory { directory in
        let configuration = try boxes(in: directory)
        let outcome = try Program.run("longtail", ["plan", configuration, "--ranks", "1,2", "--threads", "1", "--json"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        let predictions = try #require(try jsonObject(outcome.output)["predictions"] as? [[String: Any]])
        #expect(predictions.count == 2 && predictions.allSatisfy { ($0["memoryBytes"] as? Int ?? 0) > 80 << 20 })
        let doctor = try Program.run("longtail", ["doctor", configuration])
        #expect(!(doctor.output + doctor.errors).contains("port"), "\(doctor)")
      }
    }

    @Test func dataIsShownWithItsBoxes() throws {
      try withTemporaryDirectory { directory in
        let configuration = try boxes(in: directory)
        let (plain, augmented) = ("\(directory)/plain.png", "\(directory)/augmented.png")
        let outcome = try Program.run("longtail", ["inspect", configuration, "--picture", plain, "--samples", "2"])
        try #require(outcome.exitCode == 0, "\(outcome)")
        for text in ["split train", "split val", "plate", "flag", "nothing is wrong"] { #expect(outcome.output.contains(text), "\(text)") }
        // Two columns of a picture that is enlarged four times, to 256 pixels, with 4 between.
        #expect(try RGBImage(contentsOf: plain).width == 2 * 260 + 4)
        let json = try jsonObject(try Program.run("longtail", ["inspect", configuration, "--json", "--samples", "0"]).output)
        let splits = try #require(json["splits"] as? [String: [String: Any]])
        #expect(splits["train"]?["objects"] as? Int == 4 && splits["validation"]?["objects"] as? Int == 2)

        let views = ["inspect", configuration, "--augmented", "--picture", augmented, "--samples", "2", "--epochs", "2"]
        expect(try Program.run("longtail", views), output: ["of images %"])
        #expect(try RGBImage(contentsOf: augmented).width == 3 * 260 + 4)

        // A picture that is gone is named.
        try FileManager.default.removeItem(atPath: "\(directory)/data/images/train1.png")
        let broken = try Program.run("longtail", ["inspect", configuration, "--samples", "0"])
        #expect(broken.exitCode == 65 && broken.output.contains("train1.png"), "\(broken)")
      }
    }

    /// Results have the numbers that the data set gives its categories, whether or not it is still there.
    @Test func resultsHaveTheNumbersOfTheData() throws {
      try withTemporaryDirectory { directory in
        let configuration = try boxes(in: directory)
        let run = "\(directory)/run"
        let trained = try Program.run("longtail", ["train", configuration, "--output", run])
        try #require(trained.exitCode == 0, "\(trained)")
        let counts = try jsonObject(try Program.run("longtail", ["stats", configuration, "--json"]).output)
        let classes = try #require(counts["classes"] as? [[String: Any]])
        #expect(classes.map { $0["name"] as? String } == ["plate", "flag"] && classes.map { $0["pixels"] as? Int } == [2, 2])
        let image = "\(directory)/one.png"
        try FileManager.default.copyItem(atPath: "\(directory)/data/images/val0.png", toPath: image)
        try FileManager.default.removeItem(atPath: "\(directory)/data")
        let results = "\(directory)/results"
        let predicted = try Program.run("longtail", ["predict", run, image, "--output", results])
        try #require(predicted.exitCode == 0, "\(predicted)")
        let found = try jsonObject(try String(contentsOfFile: "\(results)/detections.json", encoding: .utf8))
        #expect((found["categories"] as? [[String: Any]])?.map { $0["id"] as? Int } == [7, 30])
        let numbers = Set((found["annotations"] as? [[String: Any]] ?? []).compactMap { $0["category_id"] as? Int })
        #expect(!numbers.isEmpty && numbers.isSubset(of: [7, 30]), "\(numbers)")
      }
    }
  }
}
