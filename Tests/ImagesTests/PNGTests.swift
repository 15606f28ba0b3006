import Foundation
import Images
import Tensors
import TestSupport
import Testing

@Suite struct PNGTests {
  @Test func picturesSurviveARoundTrip() throws {
    let image = pattern(23, 11)
    for level in [0, 1, 9] {
      #expect(try RGBImage(decoding: image.pngData(compressionLevel: level), name: "memory") == image)
    }
  }

  @Test func labelsSurviveARoundTripGreyAndByPalette() throws {
    let labels = try #require(LabelImage(width: 4, height: 3, labels: [0, 1, 2, 3, 200, 254, 255, 7, 9, 11, 0, 1]))
    #expect(try LabelImage(decoding: labels.pngData(), name: "grey") == labels)
    let palette = [RGBColour(9, 8, 7), RGBColour(1, 2, 3)]
    let coloured = try labels.pngData(palette: palette)
    #expect(try LabelImage(decoding: coloured, name: "palette") == labels)
    let picture = try RGBImage(decoding: coloured, name: "palette")
    #expect(picture[0, 0] == RGBColour(9, 8, 7))
    #expect(picture[1, 0] == RGBColour(1, 2, 3))
    #expect(picture[2, 0] == .black)
  }

  @Test func filesAreWrittenAndRead() throws {
    try withTemporaryDirectory { folder in
      let image = pattern(5, 6)
      try image.writePNG(to: "\(folder)/a.jpg")
      #expect(try RGBImage(contentsOf: "\(folder)/a.jpg") == image, "the content decides, not the name")
      #expect(try ImageSize(contentsOf: "\(folder)/a.jpg") == ImageSize(width: 5, height: 6))
      #expect(longtailError { try image.writePNG(to: "\(folder)/none/a.png") }?.code == .inputOutput)
    }
  }

  @Test func narrowSamplesAreIndicesNotBrightnesses() throws {
    // Two rows of five samples: 1 bit (padded to a byte), 2 bits, 4 bits.
    let one = HandmadePNG.file(width: 5, height: 2, depth: 1, colourType: 0, rows: [0, 0b1010_1000, 0, 0b0101_0000])
    #expect(try LabelImage(decoding: one, name: "1").labels == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    let two = HandmadePNG.file(width: 5, height: 1, depth: 2, colourType: 0, rows: [0, 0b00_01_10_11, 0b10_00_00_00])
    #expect(try LabelImage(decoding: two, name: "2").labels == [0, 1, 2, 3, 2])
    let palette: [UInt8] = (0..<48).map { UInt8($0) }
    let four = HandmadePNG.file(width: 3, height: 1, depth: 4, colourType: 3, palette: palette, rows: [0, 0xF0, 0x70])
    #expect(try LabelImage(decoding: four, name: "4").labels == [15, 0, 7])
  }

  @Test func sixteenBitLabelsMustFit() throws {
    let small = HandmadePNG.file(width: 2, height: 1, depth: 16, colourType: 0, rows: [0, 0, 7, 0, 255])
    #expect(try LabelImage(decoding: small, name: "16").labels == [7, 255])
    let large = HandmadePNG.file(width: 2, height: 1, depth: 16, colourType: 0, rows: [0, 0, 7, 1, 0])
    let error = try #require(longtailError { try LabelImage(decoding: large, name: "wide.png") })
    #expect(error.code == .badData)
    #expect(error.message.contains("wide.png") && error.message.contains("256") && error.message.contains("column 1, row 0"))
  }

  @Test func everyColourTypeBecomesRGB() throws {
    let grey = HandmadePNG.file(width: 2, height: 1, depth: 8, colourType: 0, rows: [0, 10, 250])
    #expect(try RGBImage(decoding: grey, name: "grey").pixels == [10, 10, 10, 250, 250, 250])
    let greyAlpha = HandmadePNG.file(width: 1, height: 1, depth: 8, colourType: 4, rows: [0, 99, 0])
    #expect(try RGBImage(decoding: greyAlpha, name: "grey alpha").pixels == [99, 99, 99])
    let rgba = HandmadePNG.file(width: 1, height: 1, depth: 8, colourType: 6, rows: [0, 1, 2, 3, 0])
    #expect(try RGBImage(decoding: rgba, name: "rgba").pixels == [1, 2, 3])
    let deep = HandmadePNG.file(width: 1, height: 1, depth: 16, colourType: 2, rows: [0, 200, 200, 100, 100, 50, 50])
    #expect(try RGBImage(decoding: deep, name: "16").pixels == [200, 100, 50])
  }

  @Test func colouredLabelsAreRefused() throws {
    let error = try #require(longtailError { try LabelImage(decoding: pattern(3, 3).pngData(), name: "colour.png") })
    #expect(error.code == .badData && error.message.contains("colour.png") && error.message.contains("palette"))
  }

  @Test func everyTruncationIsAnError() throws {
    let file = try pattern(9, 7).pngData()
    // The last four bytes are the checksum of the end mark, which has no content.
    for length in 0..<file.count - 4 {
      let error = longtailError { try RGBImage(decoding: Array(file[0..<length]), name: "cut.png") }
      #expect(error?.code == .badData, "cut after \(length) bytes")
      #expect(error?.message.contains("cut.png") == true)
    }
  }

  @Test func noDamagedByteCrashes() throws {
    let file = try pattern(9, 7).pngData()
    for position in file.indices {
      for flip: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = file
        damaged[position] ^= flip
        // Damage is caught by checksums; nothing else may happen than an error of ours or an image.
        if let error = longtailError({ try RGBImage(decoding: damaged, name: "damaged") }) { #expect(error.code == .badData) }
      }
    }
  }

  @Test func lyingHeadersAreRefusedBeforeMemoryIsTaken() throws {
    let huge = HandmadePNG.file(width: 60000, height: 60000, depth: 8, colourType: 2, rows: [0])
    #expect(longtailError { try RGBImage(decoding: huge, name: "huge") }?.message.contains("60000 x 60000") == true)
    // Within the limit, but more than the file can hold.
    let forged = HandmadePNG.file(width: 9000, height: 9000, depth: 8, colourType: 2, rows: [0, 1, 2, 3])
    #expect(longtailError { try RGBImage(decoding: forged, name: "forged") }?.message.contains("cannot hold") == true)
    let wide = HandmadePNG.file(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, depth: 16, colourType: 6, rows: [0])
    #expect(longtailError { try RGBImage(decoding: wide, name: "wide") }?.code == .badData)
    let empty = HandmadePNG.file(width: 0, height: 4, depth: 8, colourType: 0, rows: [0])
    #expect(longtailError { try RGBImage(decoding: empty, name: "empty") }?.code == .badData)
    let limits = ImageLimits(fileBytes: 1 << 20, decodedBytes: 9 * 7 * 3 - 1)
    #expect(longtailError { try RGBImage(decoding: pattern(9, 7).pngData(), name: "limit", limits: limits) }?.code == .badData)
  }
}
