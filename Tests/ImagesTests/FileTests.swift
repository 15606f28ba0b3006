import Foundation
import Images
import Tensors
import TestSupport
import Testing

@Suite struct FileTests {
  @Test func whatIsNoImageIsNamed() throws {
    let gif: [UInt8] = Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0]
    #expect(longtailError { try RGBImage(decoding: gif, name: "cat.jpg") }?.message.contains("cat.jpg: this is a GIF") == true)
    #expect(longtailError { try RGBImage(decoding: [], name: "zero.png") }?.message == "zero.png: the file is empty")
    #expect(longtailError { try RGBImage(decoding: [1, 2, 3], name: "x") }?.code == .badData)
    let pointer = Array("version https://git-lfs.github.com/spec/v1".utf8)
    #expect(longtailError { try LabelImage(decoding: pointer, name: "x") }?.message.contains("Git LFS") == true)
  }

  @Test func missingAndOddFilesAreErrors() throws {
    try withTemporaryDirectory { folder in
      let error = try #require(longtailError { try RGBImage(contentsOf: "\(folder)/none.png") })
      #expect(error.code == .missingInput && error.message.contains("none.png"))
      #expect(longtailError { try RGBImage(contentsOf: folder) }?.code == .badData)
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      #expect(longtailError { try RGBImage(contentsOf: "\(folder)/pipe") }?.message.contains("not a regular file") == true)
      try pattern(8, 8).writePNG(to: "\(folder)/a.png")
      let limits = ImageLimits(fileBytes: 20, decodedBytes: 1 << 20)
      #expect(longtailError { try RGBImage(contentsOf: "\(folder)/a.png", limits: limits) }?.message.contains("more than the 20") == true)
    }
  }

  /// A grey JPEG of 8 x 8 pixels, all of about one brightness.
  private var greyJPEG: [UInt8] {
    var file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
    file += [0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
    // One code word in each table: "0" is size 0 for the mean, "0" is the end of the block.
    file += [0xFF, 0xC4, 0, 20, 0x00, 1] + [UInt8](repeating: 0, count: 15) + [0]
    file += [0xFF, 0xC4, 0, 20, 0x10, 1] + [UInt8](repeating: 0, count: 15) + [0]
    return file + [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x3F, 0xFF, 0xD9]
  }

  @Test func jpegIsReadByContent() throws {
    try withTemporaryDirectory { folder in
      try Data(greyJPEG).write(to: URL(fileURLWithPath: "\(folder)/a.png"))
      let image = try RGBImage(contentsOf: "\(folder)/a.png")
      #expect(image.width == 8 && image.height == 8)
      #expect(image.pixels.allSatisfy { $0 == 128 })
      #expect(try ImageSize(contentsOf: "\(folder)/a.png") == ImageSize(width: 8, height: 8))
      let error = try #require(longtailError { try LabelImage(contentsOf: "\(folder)/a.png") })
      #expect(error.message.contains("JPEG") && error.advice != nil)
    }
  }

  @Test func brokenJPEGsAreErrors() throws {
    let file = greyJPEG
    for length in 0..<file.count - 3 {
      #expect(
        longtailError { try RGBImage(decoding: Array(file[0..<length]), name: "cut.jpg") }?.code == .badData, "cut after \(length) bytes")
    }
    for position in file.indices {
      for flip: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = file
        damaged[position] ^= flip
        if let error = longtailError({ try RGBImage(decoding: damaged, name: "damaged") }) { #expect(error.code == .badData) }
      }
    }
    var huge = file
    huge.replaceSubrange(76..<80, with: [0xEA, 0x60, 0xEA, 0x60])
    #expect(longtailError { try RGBImage(decoding: huge, name: "huge") }?.message.contains("60000 x 60000") == true)
  }

  @Test func realFilesWithWrongNames() throws {
    let folder = "../shared/data/oxford-pets"
    guard FileManager.default.fileExists(atPath: folder) else {
      print("SKIPPED realFilesWithWrongNames: \(folder) is not there")
      return
    }
    #expect(longtailError { try RGBImage(contentsOf: "\(folder)/images/Abyssinian_34.jpg") }?.message.contains("GIF") == true)
    let image = try RGBImage(contentsOf: "\(folder)/images/Abyssinian_5.jpg")
    #expect(image.width == 200 && image.height == 150)
    var read = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/annotations/trimaps")
    where name.hasSuffix(".png") && !name.hasPrefix(".") {
      let labels = try LabelImage(contentsOf: "\(folder)/annotations/trimaps/\(name)")
      #expect(Set(labels.labels).isSubset(of: [1, 2, 3]))
      let path = "\(folder)/images/\(name.dropLast(4)).jpg"
      if name.hasPrefix("Abyssinian_34.") || !FileManager.default.fileExists(atPath: path) { continue }
      let picture = try RGBImage(contentsOf: path)
      #expect(picture.width == labels.width && picture.height == labels.height, "\(name)")
      read += 1
    }
    #expect(read > 50)
  }
}
