import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

@Suite struct PackedFileTests {
  /// An IDX file of bytes.
  private func idx(_ extents: [Int], _ content: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(extents.count)] + extents.flatMap { extent in (0..<4).map { UInt8(truncatingIfNeeded: extent >> (8 * (3 - $0))) } }
      + content
  }

  /// A gzip member of one stored block.
  private func packed(_ content: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in content {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let count = UInt32(content.count)
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1] + little(count | ~count << 16) + content + little(~crc) + little(count)
  }

  @Test func filesAreUnpackedWhateverTheyAreCalled() throws {
    try withTemporaryDirectory { root in
      let content = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      func read(_ bytes: [UInt8]) throws -> [UInt8] {
        try TestFiles.write(bytes, to: "\(root)/file")
        return try CompressedFile.read("\(root)/file", limit: 60_000)
      }
      let whole = packed(content)
      #expect(try read(content) == content && read(whole) == content)
      // Several members, and padding behind them.
      #expect(try read(packed([1, 2]) + packed([3]) + [0, 0, 0]) == [1, 2, 3])
      let nothing = try read(packed([]))
      #expect(nothing.isEmpty)
      var damaged = whole
      damaged[200] ^= 4
      for bytes in [damaged, Array(whole.dropLast(3)), Array(whole.prefix(5)), packed([1]) + whole.prefix(12)] {
        #expect(longtailError { try read(bytes) }?.message.contains("damaged or ends too early") == true)
      }
      #expect(longtailError { try read(packed(content) + packed(content)) }?.message.contains("more than the 60000 bytes") == true)
      #expect(longtailError { try CompressedFile.read("\(root)/nothing") }?.code == .missingInput)
    }
  }

  @Test func imagesAndLabelsInIDXFiles() throws {
    try withTemporaryDirectory { root in
      let pixels = (0..<3 * 2 * 4).map { UInt8($0 * 10) }
      try TestFiles.write(packed(idx([3, 2, 4], pixels)), to: "\(root)/train-images-idx3-ubyte.gz")
      try TestFiles.write(idx([3], [1, 0, 4]), to: "\(root)/train-labels-idx1-ubyte")
      try TestFiles.write(idx([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), to: "\(root)/colour")
      try TestFiles.write(idx([1], [2]), to: "\(root)/one")
      let images = try RecognitionDatasets.open(
        "idx", settings: ["root": .string(root), "testImages": "colour", "testLabels": "one", "classes": ["a", "b", "c", "d", "e"]])
      let train = try images.part(.train)
      #expect(images.classes.last == "e" && train.labels == [1, 0, 4] && train.names == ["00000", "00001", "00002"])
      let image = try train.source.content(of: 1).decoded()
      #expect(image.width == 4 && image.height == 2 && image[1, 1] == RGBColour(130, 130, 130))
      let colour = try images.part(.test).source.content(of: 0).decoded()
      #expect(colour.pixels == [1, 2, 3, 4, 5, 6])
      #expect(Set(images.fingerprint(of: .train)).count == 4)

      func problem(_ images: [UInt8], _ labels: [UInt8]) throws -> String {
        try TestFiles.write(images, to: "\(root)/i")
        try TestFiles.write(labels, to: "\(root)/l")
        return longtailError { try IDXFile.part(images: "\(root)/i", labels: "\(root)/l") }?.message ?? ""
      }
      let good = idx([1, 1, 1], [0])
      #expect(try problem([1, 2], idx([1], [0])).contains("not an IDX file"))
      #expect(try problem(good + [0], idx([1], [0])).contains("promises 17"))
      #expect(
        try problem([0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], idx([1], [0])).contains(
          "more than there can be"))
      #expect(try problem([0, 0, 0x0D, 1], idx([1], [0])).contains("type 13"))
      #expect(try problem(good, idx([2], [0, 1])).contains("2 labels for the 1 images"))
      #expect(try problem(idx([1], [0]), good).contains("are not those of images"))
      #expect(try problem(good, good).contains("3 dimensions"))
      #expect(try problem(good, idx([1], [0])) == "")
      let missing = longtailError { try RecognitionDatasets.open("idx", settings: ["root": .string("\(root)/x")]) }
      #expect(missing?.code == .missingInput)
    }
  }

  @Test(.enabled(if: TestFiles.shared("data/fashion-mnist") != nil, "the folder shared with Fashion-MNIST is not there"))
  func fashionMNISTIsRead() throws {
    let root = try #require(TestFiles.shared("data/fashion-mnist"))
    let images = try RecognitionDatasets.open("idx", settings: ["root": .string(root)])
    #expect(images.classCounts(of: .train) == [Int](repeating: 6000, count: 10))
    #expect(images.classCounts(of: .test) == [Int](repeating: 1000, count: 10))
    let tail = try images.longTailed(LongTail(factor: 100))
    #expect(tail.classCounts(of: .train) == [6000, 3596, 2156, 1292, 774, 464, 278, 166, 100, 60])
    let train = try images.part(.train)
    var sum = 0
    for index in stride(from: 0, to: 60000, by: 20) {
      let image = try train.source.content(of: index).decoded()
      sum += stride(from: 0, to: image.pixels.count, by: 3).reduce(0) { $0 + Int(image.pixels[$1]) }
    }
    // The mean of all pixels is 0.2860.
    #expect(abs(Double(sum) / 3000 / 784 / 255 - 0.286) < 0.005)
  }

  @Test func binaryFilesOfCIFAR() throws {
    try withTemporaryDirectory { root in
      func record(_ labels: [UInt8], _ seed: Int) -> [UInt8] { labels + (0..<3072).map { UInt8(truncatingIfNeeded: $0 / 3 + seed) } }
      let folder = "\(root)/cifar-10-batches-bin"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for batch in 1...5 { try TestFiles.write(record([UInt8(batch)], batch) + record([9], 50), to: "\(folder)/data_batch_\(batch).bin") }
      let missing = longtailError { try RecognitionDatasets.open("cifar10", settings: ["root": .string(root)]) }
      #expect(missing?.message.contains("test_batch.bin is not") == true)
      try TestFiles.write(record([3], 7), to: "\(folder)/test_batch.bin")
      let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
      try TestFiles.write(names.joined(separator: "\n") + "\n\n", to: "\(folder)/batches.meta.txt")
      let images = try RecognitionDatasets.open("cifar10", settings: ["root": .string(root)])
      #expect(try images.classes == names && images.count(of: .train) == 10 && images.part(.test).labels == [3])
      #expect(try images.part(.train).labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
      // Pixel (2, 1) of the fifth image: planes of 1024 bytes.
      let image = try images.part(.train).source.content(of: 4).decoded()
      #expect(image[2, 1] == RGBColour(UInt8(34 / 3 + 3), UInt8(truncatingIfNeeded: 1058 / 3 + 3), UInt8(truncatingIfNeeded: 2082 / 3 + 3)))
      #expect(images.remarks.contains("\(folder): 10 train images, but cifar10 has 50000"))
      try TestFiles.write(record([10], 7), to: "\(folder)/test_batch.bin")
      #expect(
        longtailError { try RecognitionDatasets.open("cifar10", settings: ["root": .string(root)]) }?.message.contains("label 10") == true)
      try TestFiles.write([1, 2], to: "\(folder)/test_batch.bin")
      #expect(
        longtailError { try RecognitionDatasets.open("cifar10", settings: ["root": .string(root)]) }?.message.contains("whole records")
          == true)

      let python = "\(root)/python"
      try FileManager.default.createDirectory(atPath: "\(python)/cifar-10-batches-py", withIntermediateDirectories: true)
      let other = longtailError { try RecognitionDatasets.open("cifar10", settings: ["root": .string(python)]) }
      #expect(other?.code == .badData && other?.message.contains("cifar10 for Python") == true)

      let hundred = "\(root)/hundred"
      try FileManager.default.createDirectory(atPath: hundred, withIntermediateDirectories: true)
      try TestFiles.write(record([19, 99], 0) + record([0, 5], 1), to: "\(hundred)/train.bin")
      try TestFiles.write(record([3, 42], 0), to: "\(hundred)/test.bin")
      let fine = try RecognitionDatasets.open("cifar100", settings: ["root": .string(hundred)])
      #expect(try fine.classes.count == 100 && fine.part(.train).labels == [99, 5] && fine.part(.test).labels == [42])
      #expect(try fine.part(.train).source.content(of: 1).decoded()[0, 0].red == 1)
    }
  }

  @Test func classFoldersOfCIFARCountTheirClasses() throws {
    try withTemporaryDirectory { root in
      for index in 0..<10 {
        try TestFiles.writeImage("\(root)/train/c\(index)/a.png")
        try TestFiles.writeImage("\(root)/test/c\(index)/a.png")
      }
      let images = try RecognitionDatasets.open("cifar10", settings: ["root": .string(root)])
      #expect(images.name == "cifar10" && images.classes.count == 10 && images.count(of: .test) == 10)
      let error = longtailError { try RecognitionDatasets.open("cifar100", settings: ["root": .string(root)]) }
      #expect(error?.message.contains("10 class folders, but cifar100 has 100 classes") == true)
    }
  }
}
