import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Faults of data that other programs take without a word: what each command says of them.
  @Suite(.serialized) struct SilentFaultCommandTests {
    private static let size = ImageSize(width: 64, height: 48)

    private func write(_ png: ComposedPNG, _ path: String) throws { try Data(png.bytes).write(to: URL(fileURLWithPath: path)) }

    private func files(_ directory: String, _ kind: String) throws -> [String] {
      try ["train", "val"].flatMap { split in
        try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(split)/\(kind)").sorted()
          .map { "\(directory)/\(split)/\(kind)/\($0)" }
      }
    }

    /// Rewrites each image, or each label file, given its upright pixels.
    private func rewrite(_ directory: String, _ kind: String, _ change: (_ file: Int, _ path: String) throws -> ComposedPNG) throws {
      for (file, path) in try files(directory, kind).enumerated() { try write(try change(file, path), path) }
    }

    private func labels(_ path: String, depth: Int = 8, colourType: Int = 0, _ meaning: (Int) -> [Int]) throws -> ComposedPNG {
      let labels = try LabelImage(contentsOf: path)
      var png = ComposedPNG(width: labels.width, height: labels.height, depth: depth, colourType: colourType)
      png.samples = labels.labels.flatMap { meaning(Int($0)) }
      return png
    }

    private func longtail(_ arguments: String...) throws -> Program.Outcome { try Program.run("longtail", arguments) }

    /// The counts that `stats --json` tells.
    private func pixels(_ configuration: String) throws -> [Int] {
      struct Answer: Decodable {
        struct Statistics: Decodable { var pixels: [Int] }
        var statistics: Statistics
      }
      let outcome = try longtail("stats", configuration, "--json")
      expect(outcome)
      return try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8)).statistics.pixels
    }

    @Test func interlacedLabelsOfTwoBits() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, train: 4, validation: 2, ignores: false)
        let truth = try pixels(configuration)
        try rewrite(directory, "labels") { _, path in
          var png = try labels(path, depth: 2) { [$0] }
          png.isInterlaced = true
          return png
        }
        for _ in 0..<3 { #expect(try pixels(configuration) == truth) }
      }
    }

    @Test func turnedImages() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let upright = RunResult(path: "\(directory)/upright")
        expect(try train(configuration, upright.path, ["training.epochs=1"]))
        try rewrite(directory, "images") { file, path in
          let image = try RGBImage(contentsOf: path)
          let orientation = [3, 6, 1, 8, 2][file % 5]
          let swaps = orientation >= 5
          var png = ComposedPNG(
            width: swaps ? image.height : image.width, height: swaps ? image.width : image.height, depth: 8, colourType: 2)
          png.samples = [Int](repeating: 0, count: image.pixels.count)
          for y in 0..<image.height {
            for x in 0..<image.width {
              let place = EXIF.stored(x, y, uprightWidth: image.width, uprightHeight: image.height, orientation: orientation)
              for channel in 0..<3 {
                png.samples[3 * (place.y * png.width + place.x) + channel] = Int(image.pixels[3 * (y * image.width + x) + channel])
              }
            }
          }
          png.chunks = [("eXIf", EXIF.orientation(orientation, isBigEndian: file % 2 == 0))]
          return png
        }
        let turned = RunResult(path: "\(directory)/turned")
        let outcome = try train(configuration, turned.path, ["training.epochs=1"])
        expect(outcome, output: ["train: 10 of 12 images, such as", "are stored turned or mirrored (EXIF orientation) and read upright"])
        #expect(turned.lines("classes.jsonl") == upright.lines("classes.jsonl"), "the same numbers as from upright files")
        expect(
          try longtail("inspect", configuration, "--samples", "0"),
          output: ["note: train: 10 of 12 images", "note: val: 2 of 3 images", "nothing is wrong"])
        expect(try longtail("predict", turned.path, "\(directory)/val/images/1.png", "--output", "\(directory)/predictions"))
        #expect(try ImageSize(contentsOf: "\(directory)/predictions/1.png") == Self.size)
        #expect(try ImageSize(contentsOf: "\(directory)/predictions/1-overlay.png") == Self.size)
        // Labels of the image as it is stored.
        try write(ComposedPNG.filled(width: 48, height: 64), "\(directory)/train/labels/1.png")
        expect(
          try longtail("stats", configuration), 65,
          errors: ["train/labels/1.png: 48 x 64 labels for an image of 64 x 48, which is stored as 48 x 64 with EXIF orientation 6"])
      }
    }

    @Test func imagesOfTwelveBits() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        try rewrite(directory, "images") { _, path in
          let image = try RGBImage(contentsOf: path)
          var png = ComposedPNG(width: image.width, height: image.height, depth: 16, colourType: 0)
          png.samples = (0..<image.width * image.height).map { pixel in
            829 + (Int(image.pixels[3 * pixel]) + Int(image.pixels[3 * pixel + 1]) + Int(image.pixels[3 * pixel + 2])) * 1087 / 765
          }
          return png
        }
        let refused = try train(configuration, "\(directory)/refused")
        #expect(refused.exitCode == 65 && !refused.output.contains("step 1"), "\(refused)")
        for text in ["train/images/0.png and 11 more: images of 16 bits with values from", "Set data.range"] {
          #expect(refused.errors.contains(text), "\(refused)")
        }
        expect(try longtail("stats", configuration), output: ["data.range is needed; measured is ["])
        expect(try longtail("inspect", configuration, "--samples", "0"), 65, output: ["wrong: train: ", "data.range does not say"])
        expect(try longtail("doctor", configuration), 70, output: ["data.range does not say"])
        expect(
          try longtail("init", directory, "--output", "\(directory)/init.yaml"), output: ["wrote"])
        let written = try String(contentsOfFile: "\(directory)/init.yaml", encoding: .utf8)
        #expect(written.contains("  range: [829, 1"), "\(written)")
        let run = RunResult(path: "\(directory)/run")
        let range = "data.range=[829, 1916]"
        expect(try train(configuration, run.path, ["training.epochs=1", range]))
        let image = "\(directory)/val/images/0.png"
        expect(try longtail("predict", run.path, image, "--output", "\(directory)/predictions", "--opacity", "0"))
        let overlay = try RGBImage(contentsOf: "\(directory)/predictions/0-overlay.png")
        #expect(Set(overlay.pixels).count > 60)
        for format in ["safetensors", "onnx"] {
          expect(try longtail("export", run.path, "--output", "\(directory)/model.\(format)"))
          let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/model.\(format)"))
          #expect(bytes.range(of: Data("[829,1916]".utf8)) != nil)
        }
        // A network of 8-bit images has no range for this one.
        expect(
          try longtail("predict", run.path, image, "--output", "\(directory)/none", "--set", "data.range=null"), 65,
          errors: ["val/images/0.png: an image of 16 bits with values from", "Set data.range"])
      }
    }

    @Test func labelsOfSixteenBits() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, train: 4, validation: 2, ignores: false)
        let truth = try pixels(configuration)
        try rewrite(directory, "labels") { _, path in try labels(path, depth: 16) { [$0] } }
        #expect(try pixels(configuration) == truth)
        try rewrite(directory, "labels") { _, path in try labels(path, depth: 16) { [$0 == 0 ? 0 : 1000 + $0] } }
        let says = "; labels of 16 bits may only go to 255"
        expect(try longtail("init", directory, "--output", "\(directory)/init.yaml"), 65, errors: [says])
        expect(try longtail("stats", configuration), 65, errors: [says])
        expect(try train(configuration, "\(directory)/run"), 65, errors: [says])
        expect(try longtail("inspect", configuration, "--samples", "0"), 65, output: [says])
        expect(try longtail("inspect", directory, "--samples", "0"), 65, errors: [says])
      }
    }

    @Test func labelsOfGreyWithAlpha() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, train: 4, validation: 2, ignores: false)
        let truth = try pixels(configuration)
        try rewrite(directory, "labels") { _, path in try labels(path, colourType: 4) { [$0, 255] } }
        #expect(try pixels(configuration) == truth)
        expect(try longtail("init", directory, "--output", "\(directory)/init.yaml"), output: ["4 classes of which 4 occur"])
        try rewrite(directory, "labels") { _, path in try labels(path, colourType: 4) { [$0, $0 == 0 ? 0 : 255] } }
        for command in ["stats", "init"] {
          let outcome = try longtail(
            command, command == "init" ? directory : configuration,
            command == "init" ? "--output=\(directory)/other.yaml" : "--split=train")
          expect(outcome, 65, errors: ["labels of grey with alpha, of which"])
        }
      }
    }

    @Test func palettesOfTheirOwn() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, train: 6, validation: 2, ignores: false)
        let truth = try pixels(configuration)
        let colours = [RGBColour(0, 0, 0), RGBColour(128, 0, 0), RGBColour(0, 128, 0), RGBColour(0, 0, 128)]
        try rewrite(directory, "labels") { file, path in
          let order = (0..<4).map { ($0 + file) % 4 }
          var png = try labels(path, colourType: 3) { wanted in [order.firstIndex(of: wanted) ?? 0] }
          png.palette = order.flatMap { [colours[$0].red, colours[$0].green, colours[$0].blue] }
          return png
        }
        let says = ["in the palette of \(directory)/train/labels/0.png", "in that of \(directory)/train/labels/1.png", "labelColours"]
        expect(try longtail("stats", configuration), 65, errors: says)
        expect(try train(configuration, "\(directory)/run"), 65, errors: says)
        expect(try longtail("inspect", configuration, "--samples", "0"), 65, output: says)
        expect(try longtail("doctor", configuration), 70, output: says)
        expect(try longtail("init", directory, "--output", "\(directory)/init.yaml"), output: ["4 classes of which 4 occur"])
        // By colour: black, blue, green, red.
        let found = try pixels("\(directory)/init.yaml")
        #expect(found == [truth[0], truth[3], truth[2], truth[1]])
      }
    }

    @Test func imagesInBothSplits() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        for file in 0..<2 {
          let image = try RGBImage(contentsOf: "\(directory)/train/images/\(file).png")
          var copy = ComposedPNG(width: image.width, height: image.height, depth: 8, colourType: 2)
          copy.samples = image.pixels.map(Int.init)
          copy.isInterlaced = file == 0
          copy.chunks = [("tEXt", Array("Comment\0copied".utf8))]
          try write(copy, "\(directory)/val/images/\(file + 1).png")
        }
        // The other one is of neither.
        var image = try RGBImage(contentsOf: "\(directory)/val/images/0.png")
        image[5, 5] = RGBColour(1, 2, 3)
        try image.writePNG(to: "\(directory)/val/images/0.png")
        let says = "2 of 3 val images are among the train images too, by content, such as"
        expect(try train(configuration, "\(directory)/run", ["training.steps=1"]), output: ["warning: \(says)"])
        expect(try longtail("inspect", configuration, "--samples", "0"), output: ["note: \(says)"])
        expect(try longtail("doctor", configuration), output: [says])
      }
    }
  }
}

extension ComposedPNG {
  /// Grey zeros.
  fileprivate static func filled(width: Int, height: Int) -> ComposedPNG {
    var png = ComposedPNG(width: width, height: height, depth: 8, colourType: 0)
    png.samples = [Int](repeating: 0, count: width * height)
    return png
  }
}
