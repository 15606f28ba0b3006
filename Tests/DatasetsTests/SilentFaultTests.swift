import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Data that other programs read wrongly without a word: read rightly, told, or refused with the file's name.
@Suite struct SilentFaultTests {
  private func random(_ kind: Int, _ member: Int) -> CounterRandom {
    CounterRandom(seed: 12, purpose: .testing, epoch: kind, sample: member)
  }

  private func write(_ png: ComposedPNG, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(png.bytes).write(to: URL(fileURLWithPath: path))
  }

  private func image(_ samples: [Int], width: Int, depth: Int = 8, colourType: Int = 2) -> ComposedPNG {
    var png = ComposedPNG(width: width, height: 1, depth: depth, colourType: colourType)
    png.height = samples.count / png.channels / width
    png.samples = samples
    return png
  }

  /// Images and labels of one split below a folder, and the data set that reads them.
  private func dataset(
    _ root: String, classes: Int, _ settings: [String: SettingValue] = [:], range: SampleRange? = nil
  ) throws -> any SegmentationDataset {
    let all: [String: SettingValue] = [
      "root": .string(root), "trainImages": "images", "trainLabels": "labels",
      "classes": .list((0..<classes).map { .string("class \($0)") }),
    ]
    return try DatasetRegistry.make(name: "folder", settings: all.merging(settings) { $1 }, range: range)
  }

  private func statistics(_ dataset: any SegmentationDataset, threads: Int = 2) throws -> LabelStatistics {
    try LabelAudit.run(dataset, split: .train, threads: threads).statistics
  }

  private static let palette = [RGBColour(0, 0, 0), RGBColour(128, 0, 0), RGBColour(0, 128, 0), RGBColour(128, 128, 0)]

  /// Files whose palettes list the colours of the classes in an order of their own, with unused entries between: by numbers they are refused
  /// unless no pixel would change its class, by colours they are right.
  @Test func twoHundredSetsOfPalettes() throws {
    var refused = 0
    for member in 0..<200 {
      try withTemporaryDirectory { root in
        let random = random(1, member)
        let files = 2 + random.integer(0, below: 4)
        let isShuffled = member % 3 > 0
        var truth = [Int](repeating: 0, count: 4)
        var byNumber: [Int: Set<Int>] = [:]
        var byColour: [Int: Set<Int>] = [:]
        for file in 0..<files {
          var order = [0, 1, 2, 3]
          if isShuffled { order.sort { random.integer(50 * file + $0, below: 1000) < random.integer(50 * file + $1, below: 1000) } }
          // Colours that nobody uses lie before and between.
          var table: [Int?] = order.map { $0 }
          if isShuffled, random.integer(50 * file + 10, below: 2) == 0 { table.insert(nil, at: random.integer(50 * file + 11, below: 4)) }
          let present = 1 + random.integer(50 * file + 12, below: 4)
          let classes = (0..<12).map { random.integer(50 * file + 20 + $0, below: present) }
          var labels = image(classes.map { wanted in table.firstIndex(of: wanted) ?? 0 }, width: 4, colourType: 3)
          labels.palette = table.enumerated().flatMap { place, entry in
            let colour = entry.map { Self.palette[$0] } ?? RGBColour(9, UInt8(file), UInt8(place))
            return [colour.red, colour.green, colour.blue]
          }
          for (number, wanted) in zip(labels.samples, classes) {
            truth[wanted] += 1
            byNumber[number, default: []].insert(wanted)
            byColour[wanted, default: []].insert(number)
          }
          try write(labels, "\(root)/labels/\(file).png")
          try write(image((0..<36).map { ($0 * 7 + file) % 256 }, width: 4), "\(root)/images/\(file).png")
        }
        let isAmbiguous = byNumber.values.contains { $0.count > 1 } || byColour.values.contains { $0.count > 1 }
        let numbered = try statistics(dataset(root, classes: 5), threads: 1 + member % 3)
        #expect((numbered.palettes.error != nil) == isAmbiguous, "member \(member)")
        if isAmbiguous {
          refused += 1
          let error = longtailError { try numbered.validate() }
          let named = (0..<files).filter { error?.message.contains("\(root)/labels/\($0).png") == true }
          #expect(error?.code == .badData && named.count == 2, "member \(member): \(String(describing: error))")
          try statistics(dataset(root, classes: 5, ["labelPalettes": "ignore"])).validate()
        }
        let colours = Dictionary(uniqueKeysWithValues: Self.palette.enumerated().map { ($1.hexadecimal, SettingValue.int($0)) })
        let coloured = try statistics(dataset(root, classes: 4, ["labelColours": .map(colours)]))
        try coloured.validate()
        #expect(coloured.pixels == truth, "member \(member)")
        // What is recognized trains on the right classes.
        let found = try statistics(DatasetRegistry.recognize(root).open().whole(root))
        try found.validate()
        #expect(found.pixels.sorted() == truth.filter { $0 > 0 }.sorted(), "member \(member)")
      }
    }
    print("palettes: 200 sets drawn, \(refused) refused by numbers with two files named, all right by colours")
  }

  @Test func samePalettesAndUnusedEntriesAreFine() throws {
    var palettes = LabelPalettes()
    let doubled = Self.palette + [RGBColour(128, 0, 0)]
    palettes.add(palette: doubled, used: [0, 1], source: "a")
    palettes.add(palette: doubled, used: [0, 4], source: "b")
    palettes.add(palette: doubled + [.white], used: [0, 5, 255], source: "c")
    var other = LabelPalettes()
    other.add(palette: [RGBColour(0, 0, 0), .white, RGBColour(0, 128, 0)], used: [0, 2, 255], source: "d")
    palettes.merge(other)
    #expect(palettes.error == nil && palettes.remark == nil)
    palettes.add(palette: [], used: [0, 1], source: "grey")
    #expect(palettes.remark?.contains("grey") == true)
    other.add(palette: Self.palette, used: [1], source: "e")
    #expect(other.error == nil)
    other.add(palette: [.black, RGBColour(0, 128, 0)], used: [1], source: "f")
    #expect(other.error?.message.contains("in the palette of e, but #008000 in that of f") == true)
    palettes.merge(other)
    #expect(palettes.error != nil)
    let decoded = try? JSONDecoder().decode(LabelPalettes.self, from: JSONEncoder().encode(palettes))
    #expect(decoded == palettes)
  }

  /// Labels that `LabelImage` refuses are refused in the same words by what recognizes folders, and by what counts them.
  @Test(arguments: [(16, 0, "labels of 16 bits may only go to 255"), (8, 4, "grey with alpha"), (16, 2, "16 bits a channel")])
  func unsuitableLabels(depth: Int, colourType: Int, says: String) throws {
    try withTemporaryDirectory { root in
      for file in 0..<3 {
        var labels = ComposedPNG(width: 4, height: 3, depth: depth, colourType: colourType)
        labels.samples = (0..<12 * labels.channels).map { depth == 16 ? [0, 1001, 1002][$0 % 3] : $0 % 3 }
        try write(labels, "\(root)/labels/\(file).png")
        try write(image((0..<36).map { ($0 + file) % 256 }, width: 4), "\(root)/images/\(file).png")
      }
      let recognized = try #require(longtailError { try DatasetRegistry.recognize(root) })
      #expect(recognized.message.contains(says) && recognized.message.contains("labels/0.png"), "\(recognized)")
      let colours: [String: SettingValue] = colourType == 2 ? ["labelColours": .map(["#000000": 0])] : [:]
      let counted = try #require(longtailError { try statistics(dataset(root, classes: 3, colours)).validate() })
      #expect(counted.message.hasPrefix(recognized.message), "\(counted) \(recognized)")
      #expect(counted.code == recognized.code)
    }
  }

  @Test func moreColoursThanClassesAreIdentifiers() throws {
    try withTemporaryDirectory { root in
      try write(image((0..<36).map { $0 }, width: 4), "\(root)/images/0.png")
      var labels = ComposedPNG(width: 40, height: 20, depth: 8, colourType: 2)
      labels.samples = (0..<800).flatMap { [$0 % 256, $0 / 256, 3] }
      try write(labels, "\(root)/labels/0.png")
      #expect(longtailError { try DatasetRegistry.recognize(root) }?.message.contains("labels/0.png: more than 255 colours") == true)
      #expect(longtailError { try statistics(dataset(root, classes: 3)).validate() }?.message.contains("this one holds colours") == true)
    }
  }

  @Test func orientationIsAppliedCountedAndExplained() throws {
    try withTemporaryDirectory { root in
      for file in 0..<4 {
        let colours = (0..<36).map { ($0 * 5 + file) % 256 }
        var picture = image(colours, width: 4)
        if file > 1 { picture.chunks = [("eXIf", EXIF.orientation(file == 2 ? 3 : 6, isBigEndian: true))] }
        try write(picture, "\(root)/images/\(file).png")
        try write(image((0..<12).map { $0 % 3 }, width: file == 3 ? 3 : 4, colourType: 0), "\(root)/labels/\(file).png")
      }
      let data = try dataset(root, classes: 3)
      let counted = try statistics(data)
      try counted.validate()
      #expect(counted.files.turned.count == 2)
      #expect(counted.remarks.contains { $0.contains("2 of 4 images, such as \(root)/images/2.png, are stored turned") })
      let turned = try data.sample(split: .train, index: 3).image
      #expect(turned.width == 3 && turned.height == 4 && turned[2, 0] == RGBColour(3, 8, 13))
      #expect(try data.imageSize(split: .train, index: 3) == ImageSize(width: 3, height: 4))
      // Labels of the image as it is stored.
      try write(image((0..<12).map { $0 % 3 }, width: 4, colourType: 0), "\(root)/labels/3.png")
      for read in [{ _ = try data.sample(split: .train, index: 3) }, { _ = try data.examine(split: .train, index: 3) }] {
        let error = try #require(longtailError { try read() })
        #expect(error.message.contains("stored as 4 x 3 with EXIF orientation 6") && error.advice?.contains("turn them") == true)
      }
    }
  }

  @Test func depthIsMeasuredAndRefusedWithoutARange() throws {
    try withTemporaryDirectory { root in
      for file in 0..<3 {
        try write(image((0..<300).map { 829 + ($0 * 37 + file) % 1088 }, width: 20, depth: 16, colourType: 0), "\(root)/images/\(file).png")
        try write(image((0..<300).map { $0 % 3 }, width: 20, colourType: 0), "\(root)/labels/\(file).png")
      }
      let data = try dataset(root, classes: 3)
      let counted = try statistics(data)
      try counted.validate()
      let error = try #require(longtailError { try counted.files.requireRange() })
      #expect(error.message.contains("images/0.png and 2 more") && error.message.contains("from 829 to 1916"), "\(error)")
      #expect(error.advice?.contains("[0, 2047] for a sensor of 11 bits") == true, "\(error)")
      #expect(longtailError { try data.sample(split: .train, index: 1) }?.message.contains("images/1.png") == true)
      let range = try #require(counted.files.values?.measured)
      #expect(range == SampleRange(low: 829, high: 1916))
      let ranged = try dataset(root, classes: 3, range: range)
      let read = try statistics(ranged)
      try read.files.requireRange()
      #expect(read.remarks.isEmpty)
      #expect(try Set(ranged.sample(split: .train, index: 0).image.pixels).count > 150)
      #expect(try ranged.digest(of: .train) != data.digest(of: .train))
      let wide = try statistics(dataset(root, classes: 3, range: .full))
      #expect(wide.remarks.contains { $0.contains("of 256 grey levels") }, "\(wide.remarks)")
      let narrow = try statistics(dataset(root, classes: 3, range: SampleRange(low: 0, high: 1023)))
      #expect(narrow.remarks.contains { $0.contains("% of the samples lie outside data.range [0, 1023]") }, "\(narrow.remarks)")
      #expect(longtailError { try DatasetRegistry.make(name: "scenes", settings: [:], range: .full) }?.code == .usage)
    }
  }

  @Test func splitsThatShareImagesAreTold() throws {
    try withTemporaryDirectory { root in
      for file in 0..<5 {
        var picture = image((0..<36).map { ($0 * 11 + file * 3) % 256 }, width: 4)
        try write(picture, "\(root)/images/\(file).png")
        try write(image((0..<12).map { $0 % 3 }, width: 4, colourType: 0), "\(root)/labels/\(file).png")
        if file > 2 { picture.samples[0] = 255 - picture.samples[0] }
        picture.isInterlaced = file == 1
        picture.chunks = [("tEXt", Array("Comment\0another".utf8))]
        try write(picture, "\(root)/other/v\(file).png")
        try write(image((0..<12).map { $0 % 2 }, width: 4, colourType: 0), "\(root)/otherLabels/v\(file).png")
      }
      let data = try dataset(root, classes: 3, ["validationImages": "other", "validationLabels": "otherLabels"])
      let (train, validation) = (try statistics(data), try LabelAudit.run(data, split: .validation, threads: 1).statistics)
      let shared = try #require(SharedImages(train, of: .train, validation, of: .validation))
      #expect(shared.count == 3 && shared.total == 5)
      #expect(shared.message.contains("3 of 5 val images are among the train images too") && shared.message.contains("other/v0.png"))
      let decoded = try JSONDecoder().decode(LabelStatistics.self, from: JSONEncoder().encode(train))
      #expect(decoded == train)
    }
  }
}

extension SegmentationDataset {
  /// All samples of a folder whose validation samples were held out, as training samples.
  fileprivate func whole(_ root: String) throws -> any SegmentationDataset {
    guard let files = self as? PairedFiles else { return self }
    return PairedFiles(
      name: files.name, classes: files.classes, labelMap: files.labelMap, pairs: [.train: files.pairs.values.flatMap { $0 }],
      coding: files.coding)
  }
}
