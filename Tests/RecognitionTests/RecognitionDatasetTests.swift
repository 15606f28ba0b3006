import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

/// Images with classes as loaders and counts take them.
@Suite struct RecognitionDatasetTests {
  private func copy(_ directory: String) throws -> RecognitionDataset {
    for (name, side) in [("red/1.png", 4), ("red/2.png", 4), ("blue/1.png", 6)] {
      try TestFiles.writeImage("\(directory)/\(name)", side: side)
    }
    return RecognitionDataset(try RecognitionDatasets.open("folder", settings: ["root": .string(directory)]))
  }

  @Test func copiesElsewhereAreTheSameOnAllHosts() throws {
    try withTemporaryDirectory { directory in
      let one = try copy("\(directory)/one")
      let other = try copy("\(directory)/other")
      #expect(try one.listing(of: .train) == other.listing(of: .train))
      #expect(try one.digest(of: .train) != other.digest(of: .train))
      // Another content of a file is seen by its size.
      try TestFiles.writeImage("\(directory)/other/red/2.png", side: 40)
      #expect(try one.listing(of: .train) != copyListing("\(directory)/other"))
    }
  }

  private func copyListing(_ directory: String) throws -> [String] {
    try RecognitionDataset(RecognitionDatasets.open("folder", settings: ["root": .string(directory)])).listing(of: .train)
  }

  @Test func filesAreReadToTheirEnd() throws {
    try withTemporaryDirectory { directory in
      let dataset = try copy(directory)
      var statistics = LabelStatistics(classCount: dataset.classes.count)
      for index in 0..<3 { try dataset.count(split: .train, index: index, into: &statistics) }
      #expect(statistics.pixels.sorted() == [1, 2] && statistics.imageCount == 3 && statistics.files.contents.count == 3)
      #expect(longtailError { try statistics.requireOneSize() }?.code == .badData)
      // A file that is cut off is found before training.
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(directory)/blue/1.png")))
      try TestFiles.write(Array(bytes.prefix(bytes.count - 20)), to: "\(directory)/blue/1.png")
      let audit = try LabelAudit.run(dataset, split: .train, threads: 2)
      #expect(
        audit.statistics.badFiles.count == 1 && longtailError { try audit.statistics.validate() }?.message.contains("blue/1.png") == true)
    }
  }

  @Test func aLabelIsForOneRow() throws {
    let geometry = Geometry(ImageSize(width: 2, height: 2), output: ImageSize(width: 2, height: 2))
    var rows: [Int32] = [-1]
    try rows.withUnsafeMutableBufferPointer { try ImageClass(7).write(geometry, to: $0) }
    #expect(rows == [7] && ImageClass(7).resized(to: ImageSize(width: 9, height: 9)) == ImageClass(7))
    var pixels = [Int32](repeating: -1, count: 4)
    #expect(throws: LongtailError.self) { try pixels.withUnsafeMutableBufferPointer { try ImageClass(7).write(geometry, to: $0) } }
  }
}
