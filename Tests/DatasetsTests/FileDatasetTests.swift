import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@Suite struct FileDatasetTests {
  private func folder(_ root: String, _ more: [String: SettingValue] = [:]) throws -> any SegmentationDataset {
    let settings: [String: SettingValue] = [
      "root": .string(root), "trainImages": "images", "trainLabels": "labels", "classes": ["sky", "car"],
    ]
    return try DatasetRegistry.make(name: "folder", settings: settings.merging(more) { $1 })
  }

  @Test func folderPairsByName() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/b.png", labels: "\(root)/labels/b.png", values: [0, 1, 1, 255])
      try writePair(image: "\(root)/images/a/x.png", labels: "\(root)/labels/a/x.png", values: [1, 1, 1, 1])
      try Data([1]).write(to: URL(fileURLWithPath: "\(root)/images/._b.png"))
      let dataset = try folder(root)
      #expect(dataset.count(of: .train) == 2 && dataset.count(of: .validation) == 0)
      #expect(dataset.identifier(split: .train, index: 0) == "a/x" && dataset.identifier(split: .train, index: 1) == "b")
      #expect(try dataset.sample(split: .train, index: 1).labels.labels == [0, 1, 1, 255])
      #expect(longtailError { try dataset.sample(split: .train, index: 2) }?.code == .internalError)
    }
  }

  @Test func linkedFoldersAreFollowed() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/disk/pictures/b.png", labels: "\(root)/disk/maps/b.png", values: [0, 1])
      try FileManager.default.createSymbolicLink(atPath: "\(root)/images", withDestinationPath: "\(root)/disk/pictures")
      try FileManager.default.createSymbolicLink(atPath: "\(root)/labels", withDestinationPath: "disk/maps")
      #expect(try folder(root).count(of: .train) == 1)
    }
  }

  @Test func labelMapAndSuffixesAndLists() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/b_rgb.png", labels: "\(root)/labels/b_ids.png", values: [10, 20, 30, 7])
      try writePair(image: "\(root)/images/c_rgb.png", labels: "\(root)/labels/c_ids.png", values: [10, 20, 30, 7])
      try "# the samples\nsomewhere/else/c.png 1 1\n".write(toFile: "\(root)/list.txt", atomically: true, encoding: .utf8)
      let dataset = try folder(
        root,
        [
          "imageSuffix": "_rgb", "labelSuffix": "_ids", "trainList": "list.txt", "ignoreIndex": 7, "colours": ["#010203", "ffffff"],
          "labelMap": ["10": "car", "20": 0, "30": "ignore"],
        ])
      #expect(dataset.count(of: .train) == 1)
      #expect(dataset.identifier(split: .train, index: 0) == "c")
      #expect(dataset.classes[0].colour == RGBColour(1, 2, 3))
      #expect(try dataset.sample(split: .train, index: 0).labels.labels == [1, 0, 255, 255])
      #expect(dataset.labelMap.description == "7:ignored 10:1 20:0 30:ignored")
    }
  }

  @Test func unpairedFilesAreNamed() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/b.png", labels: "\(root)/labels/b.png", values: [0])
      try writePair(image: "\(root)/images/lonely.png", labels: "\(root)/elsewhere/lonely.png", values: [0])
      let error = try #require(longtailError { try folder(root) })
      #expect(error.code == .badData && error.message.contains("images/lonely.png") && error.message.contains("no label file"))
      try FileManager.default.moveItem(atPath: "\(root)/images/lonely.png", toPath: "\(root)/labels/lonely.png")
      #expect(longtailError { try folder(root) }?.message.contains("labels/lonely.png: no image") == true)
      try "b\nnone\n".write(toFile: "\(root)/list.txt", atomically: true, encoding: .utf8)
      #expect(longtailError { try folder(root, ["trainList": "list.txt"]) }?.message.contains("it names none") == true)
      #expect(longtailError { try folder(root, ["trainImages": "nowhere"]) }?.code == .missingInput)
    }
  }

  @Test func differentSizesAreErrors() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/b.png", labels: "\(root)/other/b.png", values: [0, 0, 0, 0])
      try writePair(image: "\(root)/other2/b.png", labels: "\(root)/labels/b.png", values: [0, 0], width: 2)
      let dataset = try folder(root)
      let error = try #require(longtailError { try dataset.sample(split: .train, index: 0) })
      #expect(error.code == .badData && error.message.contains("2 x 1") && error.message.contains("4 x 1"))
      let audit = try LabelAudit.run(dataset, split: .train, threads: 1)
      #expect(longtailError { try audit.statistics.validate() }?.message == error.message)
      #expect(audit.statistics.badFiles.map(\.index) == [0] && audit.statistics.imageCount == 0)
    }
  }

  @Test func unknownLabelsAreOneErrorWithFileNumberAndCount() throws {
    try withTemporaryDirectory { root in
      for name in ["a", "b", "c", "d"] {
        let values: [UInt8] = name == "a" ? [0, 1, 1, 255] : [9, 9, 1, name == "d" ? 8 : 0]
        try writePair(image: "\(root)/images/\(name).png", labels: "\(root)/labels/\(name).png", values: values)
      }
      let dataset = try folder(root)
      for threads in 1...5 {
        let audit = try LabelAudit.run(dataset, split: .train, threads: threads)
        let error = try #require(longtailError { try audit.statistics.validate() })
        #expect(error.code == .badData)
        #expect(
          error.message == "\(root)/labels/b.png: label 9 at 2 pixels is neither a class nor ignored; and 3 more such cases")
        #expect(audit.statistics.unknownCount == 4)
        #expect(audit.statistics.pixels == [3, 5] && audit.statistics.ignoredPixels == 1)
      }
      let single = try #require(longtailError { try dataset.sample(split: .train, index: 2) })
      #expect(single.message.contains("labels/c.png: label 9 at 2 pixels"))
    }
  }

  @Test func sharesOfRanksMerge() throws {
    let dataset = try ScenesDataset(width: 48, height: 32, train: 11)
    let whole = try LabelAudit.scan(dataset, split: .train, indices: 0..<11, threads: 2)
    for ranks in 1...5 {
      var merged = LabelStatistics(classCount: 11)
      for rank in 0..<ranks {
        let part = try LabelAudit.scan(dataset, split: .train, indices: BatchDivision.shard(of: 11, ranks: ranks, rank: rank), threads: 1)
        merged.merge(part)
      }
      #expect(merged == whole)
    }
    #expect(whole.imageCount == 11 && whole.labelledPixels + whole.ignoredPixels == 11 * 48 * 32)
    #expect(whole.sizes.map(\.size) == [ImageSize(width: 48, height: 32)])
    try whole.requireOneSize()
  }

  @Test func auditsAreCachedByDigest() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/b.png", labels: "\(root)/labels/b.png", values: [0, 1, 1, 255])
      let audit = try LabelAudit.run(folder(root), split: .train, threads: 1)
      let again = try JSONDecoder().decode(LabelAudit.self, from: JSONEncoder().encode(audit))
      #expect(again == audit)
      #expect(try folder(root).digest(of: .train) == audit.digest)
      #expect(try folder(root, ["ignoreIndex": 1]).digest(of: .train) != audit.digest)
      try writePair(image: "\(root)/images/b.png", labels: "\(root)/labels/b.png", values: [0, 1, 0, 0, 0, 0, 0, 0])
      #expect(try folder(root).digest(of: .train) != audit.digest)
    }
  }

  @Test func wrongSettingsNameTheNearestKnownOne() throws {
    #expect(longtailError { try DatasetRegistry.make(name: "camvit", settings: [:]) }?.advice?.hasPrefix("Did you mean 'camvid'?") == true)
    #expect(longtailError { try DatasetRegistry.make(name: "imagenet", settings: [:]) }?.advice?.contains("scenes") == true)
    let error = try #require(longtailError { try DatasetRegistry.make(name: "scenes", settings: ["widht": 64]) })
    #expect(error.code == .usage && error.message.contains("widht") && error.advice?.hasPrefix("Did you mean 'width'?") == true)
    #expect(
      longtailError { try DatasetRegistry.make(name: "scenes", settings: ["width": "large"]) }?.message.contains("whole number") == true)
    #expect(longtailError { try DatasetRegistry.make(name: "scenes", settings: ["width": 3]) }?.message.contains("between 16 and") == true)
    #expect(longtailError { try DatasetRegistry.make(name: "camvid", settings: [:]) }?.message.contains("root is missing") == true)
    #expect(longtailError { try folder("/", ["classes": ["a", "a"]]) }?.message.contains("twice") == true)
    #expect(longtailError { try folder("/", ["labelMap": ["1": "caar"]]) }?.advice?.hasPrefix("Did you mean 'car'?") == true)
    #expect(longtailError { try folder("/", ["labelMap": ["300": "car"]]) }?.code == .usage)
    #expect(longtailError { try folder("/", ["colours": ["red", "blue"]]) }?.message.contains("#RRGGBB") == true)
    #expect(Split(argument: "val") == .validation && Split(argument: "validation") == .validation && Split(argument: "x") == nil)
  }

  @Test func camVidLayoutWithAndWithoutLists() throws {
    try withTemporaryDirectory { root in
      for name in ["0001", "0002", "0003"] {
        try writePair(image: "\(root)/train/\(name).png", labels: "\(root)/trainannot/\(name).png", values: [0, 10, 11, 3])
      }
      #expect(try CamVid.open(root: root).count(of: .train) == 3)
      let list = "/SegNet/CamVid/train/0003.png /SegNet/CamVid/trainannot/0003.png\n/SegNet/CamVid/train/0001.png x\n"
      try list.write(toFile: "\(root)/train.txt", atomically: true, encoding: .utf8)
      let dataset = try CamVid.open(root: root)
      #expect(dataset.pairs[.train]?.map(\.identifier) == ["0001", "0003"])
      #expect(try dataset.sample(split: .train, index: 0).labels.labels == [0, 10, 255, 3])
      #expect(longtailError { try CamVid.open(root: "\(root)/train") }?.code == .missingInput)
    }
  }

  @Test func realCamVidHasThePublishedCounts() throws {
    let root = "../shared/data/camvid"
    guard FileManager.default.fileExists(atPath: root) else {
      print("SKIPPED realCamVidHasThePublishedCounts: \(root) is not there")
      return
    }
    let dataset = try DatasetRegistry.make(name: "camvid", settings: ["root": .string(root)])
    #expect(dataset.count(of: .train) == 367 && dataset.count(of: .validation) == 101)
    let statistics = try LabelAudit.run(dataset, split: .train, threads: 2).statistics
    try statistics.validate()
    #expect(
      statistics.pixels == [
        10_682_767, 14_750_079, 623_349, 20_076_880, 2_845_085, 6_166_762, 743_859, 714_595, 3_719_877, 405_385, 184_967,
      ])
    #expect(statistics.images == [366, 365, 366, 367, 349, 319, 351, 173, 360, 317, 201])
  }
}
