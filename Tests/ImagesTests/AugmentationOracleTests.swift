import Foundation
import Testing

@testable import Images

/// What `Oracle/make_augmentation_values.py` wrote.
struct AugmentationValues: Decodable {
  struct Case: Decodable {
    var picture: String
    var width: Int
    var height: Int
    var operation: String
    var numbers: [Double]
    var text: String
    var resultWidth: Int
    var resultHeight: Int
    var pixels: Data
  }

  struct Reduced: Decodable {
    var divisor: Int
    var pixels: Data
  }

  struct Photograph: Decodable {
    var file: Data
    var width: Int
    var height: Int
    var reduced: [Reduced]
  }

  struct Sum: Decodable {
    var operation: String
    var number: Double
    var sum: UInt32
  }

  var cases: [Case]
  var checksums: [Sum]
  var jpegs: [Photograph]

  static func read() throws -> AugmentationValues {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/augmentation.json")
    return try JSONDecoder().decode(AugmentationValues.self, from: Data(contentsOf: url))
  }
}

/// The image of the oracle with slow changes.
func gentle(_ width: Int, _ height: Int) -> RGBImage {
  var image = RGBImage(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      for c in 0..<3 { image.pixels[3 * (y * width + x) + c] = UInt8(60 + (x * (3 + c) + y * (5 - c)) % 117 + 9 * c) }
    }
  }
  return image
}

@Suite struct AugmentationOracleTests {
  private func result(of entry: AugmentationValues.Case) throws -> RGBImage {
    let image: RGBImage
    switch entry.picture {
    case "pattern": image = pattern(entry.width, entry.height)
    case "gentle": image = gentle(entry.width, entry.height)
    default: image = RGBImage(width: entry.width, height: entry.height, fill: RGBColour(90, 17, 200))
    }
    let n = entry.numbers
    let grey = RGBImage.operationFill
    switch entry.operation {
    case "brightness": return image.withBrightness(n[0])
    case "contrast": return image.withContrast(n[0])
    case "saturation": return image.withSaturation(n[0])
    case "sharpness": return image.withSharpness(n[0])
    case "hue": return image.withHue(turnedBy: n[0])
    case "solarize": return image.solarized(from: n[0])
    case "posterize": return image.posterized(bits: Int(n[0]))
    case "invert": return image.inverted
    case "autoContrast": return image.withAutomaticContrast
    case "equalize": return image.equalized
    case "grey": return image.inGrey
    case "mirror": return image.mirrored()
    case "flip": return image.upsideDown
    case "blur": return image.blurred(deviation: n[0])
    case "rotate":
      return image.rotated(degrees: n[0], interpolation: try #require(Interpolation(rawValue: entry.text)), fill: grey)
    case "affine":
      return image.warped(
        by: PlaneMap(column: [n[0], n[1], n[2]], row: [n[3], n[4], n[5]]),
        interpolation: try #require(Interpolation(rawValue: entry.text)), fill: grey)
    case "perspective":
      return image.warped(
        by: PlaneMap(column: [n[0], n[1], n[2]], row: [n[3], n[4], n[5]], vanishing: [n[6], n[7]]),
        size: ImageSize(width: entry.resultWidth, height: entry.resultHeight),
        interpolation: try #require(Interpolation(rawValue: entry.text)), fill: grey)
    case "box", "cropThenResize":
      let box = PixelBox(x: n[0], y: n[1], width: n[2] - n[0], height: n[3] - n[1])
      let target = ImageSize(width: Int(n[4]), height: Int(n[5]))
      return entry.operation == "box"
        ? image.resized(box: box, width: target.width, height: target.height) : image.resizedPart(box, to: target)
    default:
      Issue.record("the oracle has an operation that no one computes: \(entry.operation)")
      return image
    }
  }

  @Test func everyOperationIsPillowsPixelForPixel() throws {
    let values = try AugmentationValues.read()
    #expect(values.cases.count > 290)
    for entry in values.cases {
      let found = try result(of: entry)
      let name = "\(entry.operation) \(entry.numbers) \(entry.text) of \(entry.picture) \(entry.width) x \(entry.height)"
      #expect(found.width == entry.resultWidth && found.height == entry.resultHeight, "\(name)")
      let wrong = zip(found.pixels, entry.pixels).enumerated().filter { $0.element.0 != $0.element.1 }
      #expect(wrong.isEmpty, "\(name): \(wrong.count) values differ, the first at \(wrong.first.map { "\($0)" } ?? "")")
    }
  }

  @Test func colourOfAllKindsAndLargerPicturesAgreeToo() throws {
    var image = RGBImage(width: 256, height: 128)
    for index in 0..<256 * 128 {
      for (channel, shift) in [0, 5, 10].enumerated() {
        image.pixels[3 * index + channel] = UInt8(truncatingIfNeeded: (index * 7919) >> shift)
      }
    }
    let sums = try AugmentationValues.read().checksums
    #expect(sums.count == 23)
    for entry in sums {
      let found: RGBImage? =
        switch entry.operation {
        case "hue": image.withHue(turnedBy: entry.number)
        case "saturation": image.withSaturation(entry.number)
        case "sharpness": image.withSharpness(entry.number)
        case "contrast": image.withContrast(entry.number)
        case "equalize": image.equalized
        case "blur": image.blurred(deviation: entry.number)
        case "rotate": image.rotated(degrees: entry.number, interpolation: .bicubic, fill: RGBImage.operationFill)
        default: nil
        }
      #expect(found.map { checksum($0.pixels) } == entry.sum, "\(entry.operation) \(entry.number)")
    }
  }

  @Test func reducedJPEGsAreThoseOfPillowsDraft() throws {
    for photograph in try AugmentationValues.read().jpegs {
      for entry in photograph.reduced {
        let found = try JPEGDecoder.rgb(Array(photograph.file), name: "a", limits: .standard, divisor: entry.divisor)
        #expect(found.width == (98 + entry.divisor - 1) / entry.divisor)
        let most = zip(found.pixels, entry.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
        #expect(found.pixels.count == entry.pixels.count && most == 0, "at 1/\(entry.divisor): \(most)")
      }
    }
  }

  @Test func aPartOfAJPEGIsDecodedAsSmallAsItMayBe() throws {
    let photograph = try #require(try AugmentationValues.read().jpegs.first)
    let file = try EncodedImage(Array(photograph.file), name: "a")
    #expect(file.size == ImageSize(width: 98, height: 71))
    let box = PixelBox(x: 10..<90, y: 5..<69)
    #expect(file.reduction(box: box, target: ImageSize(width: 80, height: 64)) == 1)
    #expect(file.reduction(box: box, target: ImageSize(width: 40, height: 32)) == 2)
    #expect(file.reduction(box: box, target: ImageSize(width: 40, height: 33)) == 1)
    #expect(file.reduction(box: box, target: ImageSize(width: 16, height: 16)) == 4)
    #expect(file.reduction(box: box, target: ImageSize(width: 4, height: 4)) == 8)
    let whole = try file.decoded()
    for side in [8, 15, 32, 60] {
      let target = ImageSize(width: side, height: side)
      let exact = try file.resized(box: box, to: target, reduced: false)
      #expect(exact == whole.cropped(x: 10..<90, y: 5..<69).resized(width: side, height: side))
      let reduced = try file.resized(box: box, to: target)
      let mean = zip(exact.pixels, reduced.pixels).map { abs(Double($0) - Double($1)) }.reduce(0, +) / Double(exact.pixels.count)
      #expect(mean < 4, "side \(side): mean difference \(mean)")
    }
  }

  /// The file with a tag that says how it lies.
  private func tagged(_ file: Data, orientation: UInt8) -> [UInt8] {
    let tiff: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
    let segment = Array("Exif".utf8) + [0, 0] + tiff
    return Array(file[..<2]) + [0xFF, 0xE1, 0, UInt8(segment.count + 2)] + segment + Array(file[2...])
  }

  @Test(arguments: 1...8) func reducedPartsLieWhereTheyBelongHoweverTheFileLies(orientation: Int) throws {
    let photograph = try #require(try AugmentationValues.read().jpegs.first)
    let file = try EncodedImage(tagged(photograph.file, orientation: UInt8(orientation)), name: "a")
    #expect(file.orientation.rawValue == orientation)
    for (divisor, side) in [(2, 24), (4, 12), (8, 7)] {
      let box = PixelBox(x: 3..<61, y: 9..<68)
      let target = ImageSize(width: side, height: side)
      #expect(file.reduction(box: box, target: target) == divisor)
      let exact = try file.resized(box: box, to: target, reduced: false)
      let reduced = try file.resized(box: box, to: target)
      let mean = zip(exact.pixels, reduced.pixels).map { abs(Double($0) - Double($1)) }.reduce(0, +) / Double(exact.pixels.count)
      #expect(mean < (divisor == 8 ? 4 : 2.5), "1/\(divisor): mean difference \(mean)")
    }
  }
}
