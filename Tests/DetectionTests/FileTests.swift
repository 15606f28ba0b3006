import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Detection

@Suite struct FileTests {
  private func number(_ text: String) throws -> JSONNumber {
    try Array(text.utf8).withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      let number = try scanner.number()
      try scanner.end()
      return number
    }
  }

  /// Every number is the one that `strtod` would give.
  @Test func numbersAreRoundedCorrectly() throws {
    var random = TestRandom(4)
    var texts = [
      "0", "-0", "1", "9007199254740993", "0.1", "1e22", "1e23", "1.7976931348623157e308", "5e-324", "123456789012345678901234567890",
    ]
    texts += ["0.000000000000000000000001", "100000000000000000000e-20", "-12.5E+3", "3.0", "1e400", "0.30000000000000004"]
    for _ in 0..<3000 {
      texts.append("\(Double(bitPattern: UInt64.random(in: 0..<0x7FF0_0000_0000_0000, using: &random)))")
      texts.append("\(Double.random(in: 0...1000, using: &random))")
      texts.append(String(format: "%.2f", Double.random(in: -2000...2000, using: &random)))
    }
    for text in texts {
      let expected = try #require(Double(text))
      #expect(try number(text).value.bitPattern == expected.bitPattern, "\(text)")
    }
    #expect(try number("3.0").whole == 3)
    #expect(try number("9223372036854775807").whole == Int.max)
    #expect(try number("9223372036854775808").whole == nil)
    #expect(try number("NaN").value.isNaN && number("-Infinity").value == -.infinity)
    for wrong in ["", "-", "1.", "--1", "1e", "Nan", "0x10", "1 2"] {
      #expect(throws: JSONMistake.self, "\(wrong)") { try number(wrong) }
    }
  }

  @Test func textsAreDecoded() throws {
    let text = #"{"a\u0062":"x\n\"\\\/\u00e9\ud83d\ude00é", "skip": [1, {"b": [true, null, "]"]}], "c": -1.5}"#
    try Array(text.utf8).withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      var seen: [String] = []
      try scanner.object { scanner, key in
        switch key {
        case "ab": seen.append(try scanner.text())
        case "c": seen.append("\(try scanner.number().value)")
        default: try scanner.skip()
        }
      }
      try scanner.end()
      #expect(seen == ["x\n\"\\/é😀é", "-1.5"])
    }
  }

  /// No cut and no changed byte makes the reader do anything but read or refuse.
  @Test func damagedFilesAreRefused() throws {
    let sound = Array(
      #"{"images":[{"id":1,"file_name":"a","width":9,"height":8}],"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4],"segmentation":{"size":[8,9],"counts":[9,3,60]}}],"categories":[{"id":1,"name":"a"}]}"#
        .utf8)
    var random = TestRandom(6)
    try withTemporaryDirectory { directory in
      let path = "\(directory)/a.json"
      for round in 0..<1500 {
        var bytes = sound
        if round < sound.count {
          bytes = Array(sound.prefix(round))
        } else {
          for _ in 0..<Int.random(in: 1...3, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
          }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let error = longtailError { try AnnotationFormat.read(path, format: .coco, checksImages: false) }
        if round < sound.count { #expect(error?.code == .badData) }
        if let error { #expect(error.message.contains(path)) }
      }
    }
  }

  /// A set with all that COCO and LVIS json hold.
  private func drawnSet(_ random: inout TestRandom, lvis: Bool) -> AnnotationSet {
    var set = AnnotationSet(format: lvis ? .lvis : .coco, images: [], categories: CategoryTable([]), instances: [])
    set.categories = CategoryTable(
      [30, 2, 11].map { Category(id: $0, name: "class \"\($0)\" é", supercategory: "thing", frequency: lvis ? .common : nil) })
    for place in 0..<6 {
      var image = AnnotatedImage(id: 50 - 3 * place, fileName: "train/\(place).jpg", width: 90 + place, height: 70)
      if lvis {
        image.negativeCategories = [2]
        image.notExhaustiveCategories = [1]
      }
      set.images.append(image)
    }
    for place in 0..<40 {
      let box = Box(
        x: Double.random(in: 0...40, using: &random), y: Double(Int.random(in: 0...30, using: &random)),
        width: Double.random(in: 4...40, using: &random), height: Double.random(in: 4...30, using: &random))
      set.instances.append(Instance(id: place * 7, image: place % 5, category: place % 2, box: box, area: box.area * 0.7))
      if place % 3 == 0 {
        let (right, bottom) = (box.x + box.width, box.y + box.height)
        set.setPolygons([[box.x, box.y, right, box.y, right, bottom], [box.x, box.y, right, bottom, box.x, bottom]], ofInstance: place)
      }
      if place % 3 == 1 {
        let mask = RunLengthMask(box: box, width: set.images[place % 5].width, height: 70)
        set.setMask(mask, ofInstance: place, asText: place % 2 == 0)
        if !lvis { set.instances[place].flags.insert(.crowd) }
      }
    }
    return set
  }

  @Test(arguments: [false, true]) func writtenAsCOCOAndReadAgain(_ lvis: Bool) throws {
    var random = TestRandom(7)
    let set = drawnSet(&random, lvis: lvis)
    try withTemporaryDirectory { directory in
      let path = "\(directory)/set.json"
      try set.writeCOCO(to: path)
      let reading = try AnnotationFormat.read(path)
      #expect(reading.faults.isEmpty, "\(reading.faults)")
      #expect(reading.set.format == set.format && reading.set.images == set.images)
      #expect(reading.set.categories == set.categories)
      #expect(reading.set.instances == set.instances)
      for (a, b) in zip(reading.set.instances, set.instances) {
        #expect(reading.set.mask(of: a) == set.mask(of: b) && reading.set.polygons(of: a) == set.polygons(of: b))
      }
      // Written once more, it is the same file.
      try reading.set.writeCOCO(to: "\(directory)/again.json")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: URL(fileURLWithPath: "\(directory)/again.json")))
    }
  }

  @Test(arguments: [false, true]) func writtenAsYOLOAndReadAgain(_ masks: Bool) throws {
    var random = TestRandom(8)
    let set = drawnSet(&random, lvis: false)
    try withTemporaryDirectory { directory in
      let crowds = try set.writeYOLO(to: directory, masks: masks)
      #expect(crowds == set.instances.count { $0.flags.contains(.crowd) } && crowds > 0)
      for image in set.images {
        let path = "\(directory)/images/\(image.fileName)".replacingOccurrences(of: ".jpg", with: ".png")
        try AnnotationSet.makeFolder(of: path)
        try RGBImage(width: image.width, height: image.height).writePNG(to: path)
      }
      let reading = try AnnotationFormat.read("\(directory)/data.yaml", split: "train")
      #expect(reading.faults.isEmpty, "\(reading.faults)")
      #expect(reading.set.images.count == 6 && reading.set.categories.categories.map(\.id) == [0, 1, 2])
      let kept = set.instances.filter { !$0.flags.contains(.crowd) }
      #expect(reading.set.instances.count == kept.count)
      // In the order of the images' names, which is that of the set.
      let order = kept.sorted { ($0.image, $0.id) < ($1.image, $1.id) }
      for (a, b) in zip(reading.set.instances, order) {
        #expect(a.image == b.image && a.category == b.category)
        for (x, y) in [(a.box.x, b.box.x), (a.box.y, b.box.y), (a.box.width, b.box.width), (a.box.height, b.box.height)] {
          #expect(abs(x - y) < 1e-9)
        }
        if masks, b.hasMask { #expect(reading.set.mask(of: a)?.pixels == set.mask(of: b)?.pixels) }
      }
    }
  }

  @Test func countsByClass() throws {
    var random = TestRandom(9)
    let set = drawnSet(&random, lvis: false)
    let counts = AnnotationCounts(set)
    for k in 0..<3 {
      let boxes = set.instances.filter { $0.category == k && !$0.flags.contains(.crowd) }
      #expect(counts.classes[k].boxes == boxes.count)
      #expect(counts.classes[k].images == Set(boxes.map(\.image)).count)
      #expect(counts.classes[k].bySize.reduce(0, +) == boxes.count)
    }
    #expect(counts.emptyImages == 1 && counts.images == 6)
    #expect(!counts.groupsAreGiven && counts.groups == [.frequent, .frequent, .rare])
  }

  /// What is there for trying: nothing is wrong with it, and its counts are those of its own table.
  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared"), arguments: ["bccd", "muscima-glyphs", "fashion-lt-scenes"])
  func realSetsAreSound(_ name: String) throws {
    let folder = "\(try #require(TestFiles.shared))/data/detection/\(name)"
    let reading = try AnnotationFormat.read("\(folder)/annotations/val.json")
    #expect(reading.faults.isEmpty, "\(reading.faults.prefix(5))")
    #expect(reading.imageFolder != nil)
    #expect(reading.set.format == (name == "bccd" ? .coco : .lvis))
  }
}
