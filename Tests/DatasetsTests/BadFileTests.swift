import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// A file that cannot be used, and what must be said of it.
struct BadContent: CustomTestStringConvertible, Sendable {
  var name: String
  /// `images` or `labels`.
  var folder = "images"
  /// Makes the file of one that is good.
  var make: @Sendable (_ good: [UInt8], _ path: String) throws -> [UInt8]?
  var says: String

  var testDescription: String { "\(folder): \(name)" }
}

/// Files that lie, are broken, cut off or absurdly large: named, and never more than that.
@Suite struct BadFileTests {
  static let jpeg = (try? RGBImage(width: 32, height: 24, fill: RGBColour(9, 99, 199)).jpeg()) ?? []

  /// The place of the height in a JPEG's frame header.
  private static func frame(_ file: [UInt8]) -> Int {
    (0..<file.count - 9).first { file[$0] == 0xFF && (file[$0 + 1] == 0xC0 || file[$0 + 1] == 0xC2) }.map { $0 + 5 } ?? 0
  }

  private static func patched(_ file: [UInt8], at place: Int, _ bytes: [UInt8]) -> [UInt8] {
    var file = file
    for (offset, byte) in bytes.enumerated() where place + offset < file.count { file[place + offset] = byte }
    return file
  }

  static let contents: [BadContent] = [
    BadContent(
      name: "GIF", make: { _, _ in Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0] }, says: "this is a GIF file, whatever its name says"),
    BadContent(name: "BMP", make: { _, _ in Array("BM".utf8) + [UInt8](repeating: 0, count: 60) }, says: "this is a BMP file"),
    BadContent(name: "TIFF", make: { _, _ in Array("II*\0".utf8) + [8, 0, 0, 0] }, says: "this is a TIFF file"),
    BadContent(name: "WebP", make: { _, _ in Array("RIFF\0\0\0\0WEBPVP8 ".utf8) }, says: "this is a WebP"),
    BadContent(
      name: "Git LFS pointer", make: { _, _ in Array("version https://git-lfs.github.com/spec/v1\n".utf8) }, says: "Git LFS pointer"),
    BadContent(name: "HTML", make: { _, _ in Array("<!DOCTYPE html>404".utf8) }, says: "neither PNG nor JPEG by its first bytes"),
    BadContent(name: "empty", make: { _, _ in [] }, says: "the file is empty"),
    BadContent(name: "8 bytes of PNG", make: { good, _ in Array(good.prefix(8)) }, says: "broken PNG"),
    BadContent(
      name: "PNG cut in half", make: { good, _ in Array(good.prefix(good.count / 2)) }, says: "broken PNG: the file ends too early"),
    BadContent(name: "PNG without its end", make: { good, _ in Array(good.dropLast(12)) }, says: "broken PNG: the file ends too early"),
    BadContent(
      name: "PNG with a flipped bit", make: { good, _ in patched(good, at: good.count / 2, [good[good.count / 2] ^ 16]) },
      says: "broken PNG"),
    BadContent(
      name: "PNG with a forged size", make: { good, _ in patched(good, at: 16, [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]) },
      says: "65535 x 65535 pixels would take more than"),
    BadContent(name: "JPEG cut in half", make: { _, _ in Array(jpeg.prefix(jpeg.count - 40)) }, says: "broken JPEG"),
    BadContent(name: "JPEG header alone", make: { _, _ in [0xFF, 0xD8, 0xFF, 0xE0] }, says: "broken JPEG"),
    BadContent(
      name: "JPEG of 65500 x 65500", make: { _, _ in patched(jpeg, at: frame(jpeg), [0xFF, 0xDC, 0xFF, 0xDC]) },
      says: "65500 x 65500 pixels would take more than"),
    BadContent(
      name: "JPEG with a forged size", make: { _, _ in patched(jpeg, at: frame(jpeg), [0x1F, 0x40, 0x1F, 0x40]) },
      says: "bytes cannot hold the 8000 x 8000 pixels of its header"),
    BadContent(
      name: "more bytes than an image may have",
      make: { good, path in
        // Holes take no space.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: 1 << 32)
        try file.close()
        return nil
      }, says: "4294967296 bytes are more than"),
    BadContent(
      name: "a folder",
      make: { _, path in
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return nil
      }, says: "not a regular file"),
    BadContent(
      name: "a pipe",
      make: { _, path in
        try FileManager.default.removeItem(atPath: path)
        mkfifo(path, 0o600)
        return nil
      }, says: "not a regular file"),
    BadContent(
      name: "a link to nothing",
      make: { _, path in
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nothing.png")
        return nil
      }, says: "there is no such file"),
    BadContent(name: "labels in a JPEG", folder: "labels", make: { _, _ in jpeg }, says: "labels in a JPEG file are not exact"),
    BadContent(
      name: "labels in colour", folder: "labels", make: { _, _ in try RGBImage(width: 32, height: 24).pngData() },
      says: "labels must be grey or palette PNGs, this one holds colours"),
    BadContent(
      name: "labels of another size", folder: "labels", make: { _, _ in try LabelImage(width: 31, height: 24, fill: 0).pngData() },
      says: "31 x 24 labels for an image of 32 x 24"),
    BadContent(name: "labels cut off", folder: "labels", make: { good, _ in Array(good.prefix(60)) }, says: "broken PNG"),
    BadContent(name: "empty labels", folder: "labels", make: { _, _ in [] }, says: "the file is empty"),
  ]

  private func open(_ root: String) throws -> any SegmentationDataset {
    try DatasetRegistry.make(
      name: "folder",
      settings: ["root": .string(root), "trainImages": "images", "trainLabels": "labels", "classes": ["a", "b", "c", "d", "e", "f"]])
  }

  private func write(_ root: String, samples: Int = 5) throws {
    for index in 0..<samples {
      try TinyExperiment.writePair(
        image: "\(root)/images/\(index).png", labels: "\(root)/labels/\(index).png", size: TinyLayout.size, number: index, classes: 6,
        ignored: nil)
    }
  }

  @Test(arguments: contents) func isNamed(_ content: BadContent) throws {
    try withTemporaryDirectory { root in
      try write(root)
      let path = "\(root)/\(content.folder)/3.png"
      let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      if let bytes = try content.make(good, path) { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
      let dataset = try open(root)
      let audit = try LabelAudit.scan(dataset, split: .train, indices: 0..<5, threads: 2)
      #expect(audit.badFiles.map(\.index) == [3] && audit.imageCount == 4)
      let error = try #require(longtailError { try audit.validate() })
      #expect(error.code == .badData || error.code == .missingInput)
      #expect(error.message.contains(content.says), "\(error.message)")
      #expect(error.message.contains("\(root)/\(content.folder)/3.png"))
      #expect(error.advice?.contains("set data.badFiles to skip") == true)
      // The sample by itself fails alike, and the others stay as they are.
      #expect(longtailError { try dataset.sample(split: .train, index: 3) }?.message == audit.badFiles.first?.message)
      #expect(try dataset.sample(split: .train, index: 4).image.width == 32)
      print("bad files: \(content.testDescription): \(error.message.replacingOccurrences(of: root, with: "..."))")
    }
  }

  @Test func allAreNamedUpToALimit() throws {
    try withTemporaryDirectory { root in
      try write(root, samples: 30)
      for index in 2..<28 { try Data().write(to: URL(fileURLWithPath: "\(root)/images/\(index).png")) }
      let audit = try LabelAudit.run(open(root), split: .train, threads: 3).statistics
      #expect(audit.badFiles.count == 26 && audit.imageCount == 4)
      let error = try #require(longtailError { try audit.validate() })
      #expect(error.message.split(separator: "\n").count == 21 && error.message.hasSuffix("and 6 more"))
      let copy = try JSONDecoder().decode(LabelStatistics.self, from: JSONEncoder().encode(audit))
      #expect(copy == audit)
    }
  }

  @Test func othersTakeTheirPlaces() throws {
    try withTemporaryDirectory { root in
      try write(root)
      try Data([1]).write(to: URL(fileURLWithPath: "\(root)/images/0.png"))
      try Data([1]).write(to: URL(fileURLWithPath: "\(root)/labels/3.png"))
      let whole = try open(root)
      let bad = try LabelAudit.run(whole, split: .train, threads: 1).statistics.badFiles
      let rest = SelectedSamples(whole, without: [.train: Set(bad.map(\.index))])
      #expect(rest.count(of: .train) == 3)
      #expect((0..<3).map { rest.identifier(split: .train, index: $0) } == ["1", "2", "4"])
      let audit = try LabelAudit.run(rest, split: .train, threads: 1)
      try audit.statistics.validate()
      #expect(audit.statistics.imageCount == 3)
      #expect(try whole.digest(of: .train) != audit.digest)
      #expect(try rest.listing(of: .train).map { $0.prefix(1) } == ["1", "2", "4"])
      #expect(longtailError { try rest.sample(split: .train, index: 3) }?.code == .internalError)
    }
  }

  /// The sample copies of real data sets, with their own faults.
  @Test func realPets() throws {
    let root = "../shared/data/oxford-pets"
    guard FileManager.default.fileExists(atPath: root) else { return print("SKIPPED realPets: \(root) is not there") }
    for (classes, count) in [("trimap", 3), ("foreground", 2), ("breeds", 38)] {
      let dataset = try DatasetRegistry.make(name: "oxfordPets", settings: ["root": .string(root), "classes": .string(classes)])
      #expect(dataset.classes.count == count && dataset.count(of: .train) == 60 && dataset.count(of: .test) == 61)
      let train = try LabelAudit.run(dataset, split: .train, threads: 2).statistics
      try train.validate()
      let present = train.pixels.indices.filter { train.pixels[$0] > 0 }
      #expect(present == (classes == "breeds" ? [0, 1, 2, 6] : Array(0..<count)))
      let test = try LabelAudit.run(dataset, split: .test, threads: 2).statistics
      try test.validate()
    }
  }

  @Test func realNYUv2() throws {
    let root = "../shared/data/nyuv2"
    guard FileManager.default.fileExists(atPath: root) else { return print("SKIPPED realNYUv2: \(root) is not there") }
    let official = try DatasetRegistry.make(name: "nyuv2", settings: ["root": .string(root)])
    #expect(official.count(of: .train) == 0 && official.count(of: .test) == 8)
    let found = try DatasetRegistry.recognize(root)
    let dataset = try found.open()
    #expect(found.dataset == "nyuv2" && dataset.count(of: .train) == 6 && dataset.count(of: .validation) == 2)
    let statistics = try LabelAudit.run(official, split: .test, threads: 2).statistics
    try statistics.validate()
    #expect(statistics.sizes.map(\.size) == [ImageSize(width: 640, height: 480)] && statistics.ignoredPixels > 0)
    // Walls are seen in every room.
    #expect(statistics.images[11] == 8)
  }
}
