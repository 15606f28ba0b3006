import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Data sets in their official layouts, made by the tests.
@Suite struct LayoutTests {
  private func open(_ layout: TinyLayout, _ root: String, _ settings: [String: SettingValue] = [:]) throws -> any SegmentationDataset {
    try DatasetRegistry.make(name: layout.dataset, settings: settings.merging(["root": .string(root)]) { one, _ in one })
  }

  private func labels(_ dataset: any SegmentationDataset, _ split: Split = .train, _ index: Int = 0) throws -> LabelImage {
    try dataset.sample(split: split, index: index).labels
  }

  /// The class at a place is the one that the fixture's number stands for there.
  private func expectClasses(_ dataset: any SegmentationDataset, _ layout: TinyLayout, _ classes: [UInt8], image: Int) throws {
    let found = try labels(dataset)
    for y in 0..<found.height {
      for x in 0..<found.width {
        let drawn = TinyExperiment.label(x: x, y: y, image: image, classes: 6, size: TinyLayout.size, ignored: nil)
        let isCorner = x < 4 && y < 5
        let expected = isCorner ? (layout.numbers.ignored == nil ? classes[0] : 255) : classes[Int(drawn)]
        #expect(found[x, y] == expected, "\(layout) at \(x), \(y)")
      }
    }
  }

  /// Everything is recognized, opened with what was recognized, counted, and has both training and evaluation samples.
  @Test(arguments: TinyLayout.allCases) func isRecognizedAndCounted(layout: TinyLayout) throws {
    if layout == .nyuv2Official, !MATLABFixture.isAvailable { return print("SKIPPED isRecognizedAndCounted(nyuv2Official): no matio") }
    try withTemporaryDirectory { root in
      let found = try DatasetRegistry.recognize(layout.write(in: root) + (layout == .nyuv2Official ? "" : "/"))
      #expect(found.dataset == layout.dataset)
      let dataset = try found.open()
      #expect(dataset.count(of: .train) > 0 && dataset.count(of: .validation) > 0)
      let names = dataset.classes.map(\.name)
      #expect(Set(names).count == names.count)
      var all = 0
      for split in Split.allCases where dataset.count(of: split) > 0 {
        let audit = try LabelAudit.run(dataset, split: split, threads: 2)
        try audit.statistics.validate()
        try audit.statistics.requireOneSize()
        #expect(audit.statistics.imageCount == dataset.count(of: split))
        #expect(audit.statistics.labelledPixels + audit.statistics.ignoredPixels == audit.statistics.imageCount * 32 * 24)
        #expect(audit.statistics.pixels.count { $0 > 0 } > 1)
        #expect(try dataset.listing(of: split).count == dataset.count(of: split))
        all += audit.statistics.imageCount
      }
      #expect(all == (layout == .plain ? 10 : layout.rawValue.hasPrefix("nyuv2") ? 12 : 9))
    }
  }

  @Test func cityscapes() throws {
    try withTemporaryDirectory { root in
      let dataset = try open(.cityscapes, TinyLayout.cityscapes.write(in: root))
      #expect(dataset.count(of: .train) == 6 && dataset.count(of: .validation) == 3 && dataset.count(of: .test) == 0)
      #expect(dataset.identifier(split: .train, index: 0) == "aachen/aachen_000000_000019")
      #expect(dataset.classes.map(\.name).first == "road" && dataset.classes.map(\.name).last == "bicycle")
      try expectClasses(dataset, .cityscapes, [0, 2, 10, 13, 11, 18], image: 0)
      // All 35 numbers have a meaning, and no other number has.
      #expect((0...33).allSatisfy { dataset.labelMap.meanings[$0] != .unknown } && dataset.labelMap[255] == .ignored)
      #expect((34...254).allSatisfy { dataset.labelMap.meanings[$0] == .unknown })
      #expect(dataset.labelMap.meanings.count { if case .classIndex = $0 { true } else { false } } == 19)
      let error = try #require(longtailError { try open(.cityscapes, root, ["labels": "labelTrainIds"]) })
      #expect(error.code == .badData && error.message.contains("aachen_000000_000019_leftImg8bit.png"))
      #expect(longtailError { try open(.cityscapes, root, ["labels": "labelTrainIDs"]) }?.advice?.contains("labelTrainIds") == true)
      #expect(longtailError { try open(.cityscapes, "\(root)/gtFine") }?.code == .missingInput)
    }
  }

  @Test func ade20k() throws {
    try withTemporaryDirectory { root in
      let dataset = try open(.ade20k, TinyLayout.ade20k.write(in: root))
      #expect(dataset.classes.count == 150 && dataset.classes[0].name == "wall" && dataset.classes[149].name == "flag")
      #expect(dataset.classes[20].name == "car" && dataset.classes[127].name == "bicycle")
      try expectClasses(dataset, .ade20k, [0, 3, 1, 4, 12, 149], image: 1)
      #expect(dataset.labelMap[0] == .ignored && dataset.labelMap[151] == .unknown)
    }
  }

  @Test func pascalVOC() throws {
    try withTemporaryDirectory { root in
      let place = try TinyLayout.pascalVOC.write(in: root)
      for folder in [place, "\(place)/VOCdevkit", "\(place)/VOCdevkit/VOC2012"] {
        #expect(try open(.pascalVOC, folder).count(of: .train) == 6)
      }
      let dataset = try open(.pascalVOC, place)
      #expect(dataset.count(of: .validation) == 3 && dataset.classes.count == 21 && dataset.classes[15].name == "person")
      #expect(dataset.classes[15].colour == RGBColour(192, 128, 128) && dataset.classes[1].colour == RGBColour(128, 0, 0))
      try expectClasses(dataset, .pascalVOC, [0, 15, 7, 12, 20, 1], image: 0)
      #expect(longtailError { try open(.pascalVOC, place, ["trainList": "trainaug"]) }?.message.contains("trainaug.txt") == true)
      try FileManager.default.removeItem(atPath: "\(place)/VOCdevkit/VOC2012/SegmentationClass/2007_000002.png")
      #expect(
        longtailError { try open(.pascalVOC, place) }?.message.contains("it names 2007_000002, but there is no such label file") == true)
    }
  }

  @Test func oxfordPets() throws {
    try withTemporaryDirectory { root in
      let place = try TinyLayout.oxfordPets.write(in: root)
      let trimap = try open(.oxfordPets, place)
      #expect(trimap.classes.map(\.name) == ["pet", "background", "border"])
      #expect(trimap.count(of: .train) == 6 && trimap.count(of: .validation) == 0 && trimap.count(of: .test) == 3)
      try expectClasses(trimap, .oxfordPets, [1, 0, 2, 0, 2, 0], image: 0)
      try expectClasses(open(.oxfordPets, place, ["classes": "foreground"]), .oxfordPets, [1, 0, 255, 0, 255, 0], image: 0)

      let breeds = try open(.oxfordPets, place, ["classes": "breeds", "validationShare": 0.34])
      #expect(breeds.classes.count == 38 && breeds.classes[0].name == "background" && breeds.classes[37].name == "Yorkshire Terrier")
      #expect(breeds.count(of: .train) == 4 && breeds.count(of: .validation) == 2)
      for (name, number) in [("Abyssinian", 1), ("american_bulldog", 2), ("Bengal", 6)] {
        let index = try #require((0..<3).first { breeds.identifier(split: .test, index: $0).hasPrefix(name) })
        #expect(Set(try labels(breeds, .test, index).labels) == [0, UInt8(number), 255])
      }
      // A number that no trimap has is no breed.
      try TinyExperiment.setLabel(6, count: 2, in: "\(place)/annotations/trimaps/Bengal_9.png")
      let audit = try LabelAudit.run(breeds, split: .test, threads: 1)
      #expect(longtailError { try audit.statistics.validate() }?.message.contains("Bengal_9.png: label 6 at 2 pixels") == true)
      try "Bengal_3 66 1 2\n".write(toFile: "\(place)/annotations/trainval.txt", atomically: true, encoding: .utf8)
      #expect(longtailError { try open(.oxfordPets, place, ["classes": "breeds"]) }?.message.contains("Bengal_3") == true)
      #expect(try open(.oxfordPets, place).count(of: .train) == 1)
    }
  }

  @Test func nyuv2Pairs() throws {
    #expect(NYUv2.testNumbers.count == 654 && NYUv2.testNumbers.allSatisfy { (1...1449).contains($0) })
    try withTemporaryDirectory { root in
      let place = try TinyLayout.nyuv2.write(in: root)
      let dataset = try open(.nyuv2, place)
      #expect((0..<3).map { dataset.identifier(split: .test, index: $0) } == ["0001", "0002", "0009"])
      #expect(dataset.count(of: .train) == 9 && dataset.count(of: .test) == 3 && dataset.classes.count == 13)
      try expectClasses(dataset, .nyuv2, [11, 4, 5, 3, 10, 1], image: 3)
      let all = try open(.nyuv2, place, ["split": "all", "validationShare": 0.25])
      #expect(all.count(of: .train) == 9 && all.count(of: .validation) == 3 && all.count(of: .test) == 0)
      #expect(longtailError { try open(.nyuv2, place, ["classes": 40]) }?.code == .usage)
      // Numbers pair them, not the order of the names.
      try FileManager.default.moveItem(atPath: "\(place)/labels13", toPath: "\(place)/labels40")
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(place)/images") {
        try FileManager.default.moveItem(
          atPath: "\(place)/images/\(name)", toPath: "\(place)/images/nyu_rgb_\(Int(name.prefix(4)) ?? 0).png")
      }
      let forty = try open(.nyuv2, place)
      #expect(forty.classes.count == 40 && forty.identifier(split: .train, index: 8) == "0012")
      // 12, 5, 6, 4, 11, 2 of 40 are counter, chair, sofa, bed, picture, floor.
      try expectClasses(open(.nyuv2, place, ["classes": 13]), .nyuv2, [5, 3, 8, 0, 7, 4], image: 3)
      try FileManager.default.moveItem(atPath: "\(place)/images/nyu_rgb_7.png", toPath: "\(place)/images/seven.png")
      #expect(longtailError { try open(.nyuv2, place) }?.message.contains("seven.png: its name does not end in a number") == true)
    }
  }

  @Test(.enabled(if: MATLABFixture.isAvailable, "matio is not installed: skipped")) func nyuv2Official() throws {
    try withTemporaryDirectory { root in
      let path = try TinyLayout.nyuv2Official.write(in: root)
      for place in [path, root] { #expect(try open(.nyuv2Official, place).count(of: .train) == 9) }
      let forty = try open(.nyuv2Official, path)
      let thirteen = try open(.nyuv2Official, path, ["classes": 13])
      #expect(forty.classes.count == 40 && thirteen.classes.count == 13 && forty.identifier(split: .test, index: 2) == "0009")
      // Sample 3 is the first for training.
      let sample = try forty.sample(split: .train, index: 0)
      let classes: [UInt16: (UInt8, UInt8)] = [21: (0, 11), 11: (1, 4), 5: (4, 3), 331: (30, 6), 894: (39, 6), 0: (255, 255)]
      let few = try labels(thirteen)
      for y in 0..<24 {
        for x in 0..<32 {
          let expected = try #require(classes[MATLABFixture.label(x: x, y: y, sample: 2)])
          #expect(sample.labels[x, y] == expected.0 && few[x, y] == expected.1)
          for channel in 0..<3 {
            #expect(sample.image.pixels[3 * (y * 32 + x) + channel] == MATLABFixture.colour(x: x, y: y, channel: channel, sample: 2))
          }
        }
      }
      let digest = try forty.digest(of: .train)
      #expect(try forty.digest(of: .test) != digest)
      #expect(try open(.nyuv2Official, root).digest(of: .train) == digest)

      // The other one is still open.
      let second = "\(root)/second.mat"
      try MATLABFixture.write(to: second, samples: 12, first: 900)
      let audit = try LabelAudit.run(open(.nyuv2Official, second), split: .test, threads: 2)
      #expect(longtailError { try audit.statistics.validate() }?.message.contains("sample 0001: label 900 at 1 pixels") == true)
    }
  }

  /// Neither text nor a cut file nor noise in one ends the process.
  @Test(.enabled(if: MATLABFixture.isAvailable, "matio is not installed: skipped")) func brokenMATLABFiles() throws {
    try withTemporaryDirectory { root in
      let path = try TinyLayout.nyuv2Official.write(in: root)
      let url = URL(fileURLWithPath: path)
      let whole = try Data(contentsOf: url)
      for (name, data) in [
        ("empty", Data()), ("text", Data("MATLAB 7.3 MAT-file".utf8)), ("a third", whole.prefix(whole.count / 3)),
        ("nine tenths", whole.prefix(whole.count * 9 / 10)), ("the header", whole.prefix(600)),
      ] {
        try data.write(to: url)
        let error = longtailError {
          let dataset = try open(.nyuv2Official, path)
          try LabelAudit.run(dataset, split: .train, threads: 1).statistics.validate()
        }
        #expect(error?.code == .badData && error?.message.contains(path) == true, "\(name): \(String(describing: error))")
      }
      try FileManager.default.removeItem(at: url)
      #expect(longtailError { try open(.nyuv2Official, path) }?.code == .missingInput)
    }
  }

  @Test func coloursAreClasses() throws {
    try withTemporaryDirectory { root in
      let place = try TinyLayout.colours.write(in: root)
      let found = try DatasetRegistry.recognize(place)
      let dataset = try found.open()
      #expect(dataset.classes.map(\.name) == ["Road", "Sky", "Car"] && dataset.classes[2].colour == RGBColour(64, 0, 128))
      for (y, x) in [(0, 0), (7, 3), (23, 31)] {
        let drawn = min(3, TinyExperiment.label(x: x, y: y, image: 0, classes: 6, size: TinyLayout.size, ignored: nil))
        #expect(try labels(dataset)[x, y] == (drawn == 3 ? 255 : drawn))
      }
      // A colour that nobody has described is named with its file and count, and is no reason to skip the file.
      let file = "\(place)/train_labels/2.png"
      var map = try RGBImage(contentsOf: file)
      for x in 0..<5 { map[x, 0] = RGBColour(1, 2, 3) }
      try map.writePNG(to: file)
      let statistics = try LabelAudit.run(dataset, split: .train, threads: 1).statistics
      #expect(statistics.badFiles.isEmpty && statistics.imageCount == 6)
      #expect(longtailError { try statistics.validate() }?.message == "\(file): colour #010203 at 5 pixels is neither a class nor ignored")
      #expect(longtailError { try dataset.sample(split: .train, index: 2) }?.message.contains("#010203") == true)

      func error(_ changes: [String: SettingValue]) -> String? {
        longtailError { try DatasetRegistry.make(name: "folder", settings: found.registrySettings.merging(changes) { $1 }) }?.message
      }
      #expect(error(["labelColours": ["red": "Car"]])?.contains("keys are colours") == true)
      #expect(error(["labelColours": ["#010203": "Carr"]])?.contains("'Carr', which is not a class") == true)
      #expect(error(["labelColours": ["#010203": 0, "010203": 1]])?.contains("one colour twice") == true)
      #expect(error(["labelMap": ["1": 1]])?.contains("labelMap is about numbers") == true)
      #expect(error(["classes": [.null, "Sky"]])?.contains("element 1 is null; a name that reads null or ~ is put in quotes") == true)
    }
  }

  @Test func listsOfPairs() throws {
    try withTemporaryDirectory { root in
      let place = try TinyLayout.plain.write(in: root)
      let lines = (0..<4).map { "images/\($0).jpg labels/\(3 - $0).png" }
      try (["# picture, labels", ""] + lines).joined(separator: "\n").write(toFile: "\(place)/train.lst", atomically: true, encoding: .utf8)
      let settings: [String: SettingValue] = ["classes": ["a", "b", "c", "d", "e", "f"], "trainList": .string("\(place)/train.lst")]
      let dataset = try DatasetRegistry.make(name: "folder", settings: settings)
      #expect(dataset.count(of: .train) == 4 && dataset.identifier(split: .train, index: 1) == "images/1")
      #expect(dataset.labelSource(split: .train, index: 1) == "\(place)/labels/2.png")
      func error(_ text: String) throws -> LongtailError? {
        try text.write(toFile: "\(place)/train.lst", atomically: true, encoding: .utf8)
        return longtailError { try DatasetRegistry.make(name: "folder", settings: settings) }
      }
      #expect(try error("images/0.jpg\n")?.message.contains("line 1: images/0.jpg has no second path") == true)
      #expect(try error("images/0.jpg labels/99.png\n")?.code == .missingInput)
      #expect(try error("\n")?.message.contains("no samples") == true)
    }
  }

  @Test func heldOutSamplesAreChosenByName() throws {
    try withTemporaryDirectory { root in
      let place = try TinyLayout.plain.write(in: root)
      func parts(_ share: Double) throws -> [Set<String>] {
        let dataset = try DatasetRegistry.make(
          name: "folder",
          settings: [
            "root": .string(place), "trainImages": "images", "trainLabels": "labels", "classes": ["a", "b", "c", "d", "e", "f"],
            "validationShare": .double(share),
          ])
        return [Split.train, .validation].map { split in
          Set((0..<dataset.count(of: split)).map { dataset.identifier(split: split, index: $0) })
        }
      }
      let few = try parts(0.2)
      #expect(few[0].count == 8 && few[1].count == 2 && few[0].isDisjoint(with: few[1]))
      #expect(try parts(0.2) == few)
      #expect(try parts(0.5)[1].isSuperset(of: few[1]))
      #expect(try parts(0)[0].count == 10)
      #expect(longtailError { try parts(1) }?.message.contains("below 1") == true)
      // A sample more changes one place at most.
      try FileManager.default.copyItem(atPath: "\(place)/images/0.jpg", toPath: "\(place)/images/new.jpg")
      try FileManager.default.copyItem(atPath: "\(place)/labels/0.png", toPath: "\(place)/labels/new.png")
      #expect(try parts(0.2)[1].subtracting(few[1]).count <= 1)
    }
  }

  @Test func whatIsNotRecognizedSaysWhatWasLookedFor() throws {
    try withTemporaryDirectory { root in
      #expect(longtailError { try DatasetRegistry.recognize("\(root)/none") }?.code == .missingInput)
      let error = try #require(longtailError { try DatasetRegistry.recognize(root) })
      #expect(error.code == .badData)
      for name in ["camvid:", "cityscapes:", "ade20k:", "pascalVOC:", "oxfordPets:", "nyuv2:", "folder:", "leftImg8bit"] {
        #expect(error.message.contains(name), "\(name)")
      }
      // Images where labels should be.
      let place = try TinyLayout.plain.write(in: "\(root)/plain")
      for index in 0..<10 {
        var noise = RGBImage(width: 32, height: 24)
        for place in noise.pixels.indices { noise.pixels[place] = UInt8(truncatingIfNeeded: place &* 2_654_435_761 >> 7) }
        try noise.writePNG(to: "\(place)/labels/\(index).png")
      }
      #expect(longtailError { try DatasetRegistry.recognize(place) }?.message.contains("more than 255 colours cannot be classes") == true)
    }
  }
}
