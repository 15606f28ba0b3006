import Tensors

/// Which number each colour of a label file stands for.
public struct ColourCode: Sendable, Equatable {
  /// The numbers, by colour.
  public let numbers: [RGBColour: UInt8]

  /// Fixes what colours mean; several may mean the same.
  public init(_ numbers: [RGBColour: UInt8]) { self.numbers = numbers }
}

extension LabelImage {
  /// A label file whose colours were read as numbers.
  public struct Decoded: Sendable {
    /// The numbers, upright; `LabelImage.ignored` where a colour means nothing.
    public var labels: LabelImage
    /// How many pixels each colour has that means nothing.
    public var unknown: [RGBColour: Int]
    /// How the file is stored.
    public var orientation: ImageOrientation
  }

  /// Reads a label file whose colours stand for numbers. Alpha is dropped; palettes are looked up; EXIF orientation is applied.
  ///
  /// Costs one look-up for each change of colour along the rows.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or lossy, has colours of 16 bits that 8
  ///   bits do not tell apart, or numbers past the end of its palette.
  public static func decoded(contentsOf path: String, by code: ColourCode, limits: ImageLimits = .standard) throws -> Decoded {
    let bytes = try FileBytes.read(path, limit: limits.fileBytes)
    guard try ImageFormat(of: bytes, name: path) == .png else { throw lossy(path) }
    let image: RGBImage
    do { image = try exactColours(bytes, name: path, limits: limits) } catch let error as InexactColours { throw error.explanation }
    var labels = LabelImage(width: image.width, height: image.height)
    var unknown: [RGBColour: Int] = [:]
    var last: (colour: RGBColour, number: UInt8?)?
    image.pixels.withUnsafeBufferPointer { pixels in
      labels.labels.withUnsafeMutableBufferPointer { labels in
        for index in labels.indices {
          let colour = RGBColour(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
          let number: UInt8?
          if let last, last.colour == colour {
            number = last.number
          } else {
            number = code.numbers[colour]
            last = (colour, number)
          }
          if let number { labels[index] = number } else { unknown[colour, default: 0] += 1 }
        }
      }
    }
    let orientation = ImageOrientation(of: bytes, format: .png)
    return Decoded(labels: labels.upright(orientation), unknown: unknown, orientation: orientation)
  }

  /// The colours of a PNG as stored, none of them rounded or made up.
  /// - Throws: `InexactColours`; `.badData` for a broken file.
  static func exactColours(_ bytes: [UInt8], name: String, limits: ImageLimits) throws -> RGBImage {
    try PNGDecoder.withDecoder(bytes, name: name, limits: limits) { decoder in
      let palette = decoder.palette()
      if !palette.isEmpty { return try colours(of: decoder, palette, name: name) }
      guard case .rgb(let image) = try decoder.pixels(isScaled: false) else {
        throw InexactColours(
          explanation: LongtailError(
            .badData, "\(name): labels whose colours have 16 bits a channel, which 8 bits do not distinguish",
            advice: "Save the labels as PNGs of 8 bits: one class number a pixel, or one colour a class."))
      }
      return image
    }
  }

  private static func colours(of decoder: PNGDecoder, _ palette: [RGBColour], name: String) throws -> RGBImage {
    let numbers = try decoder.numbers()
    var image = RGBImage(width: Int(decoder.header.width), height: Int(decoder.header.height))
    for (index, number) in numbers.enumerated() {
      guard Int(number) < palette.count else {
        let count = numbers.count { $0 == number }
        throw InexactColours(
          explanation: LongtailError(
            .badData, "\(name): number \(number) at \(count) pixels has no colour: the palette ends at \(palette.count - 1)",
            advice: "Give the file a palette with all its numbers, or use the numbers themselves, without labelColours."))
      }
      let colour = palette[Int(number)]
      image.pixels[3 * index] = colour.red
      image.pixels[3 * index + 1] = colour.green
      image.pixels[3 * index + 2] = colour.blue
    }
    return image
  }

  static func lossy(_ name: String) -> LongtailError {
    LongtailError(.badData, "\(name): labels in a JPEG file are not exact", advice: "Store label maps as grey or palette PNGs.")
  }
}

extension RGBImage {
  /// The pixels of each colour; nil where there are more than this many colours.
  func colourCounts(atMost most: Int) -> [RGBColour: Int]? {
    var counts: [RGBColour: Int] = [:]
    var index = 0
    while index < pixels.count {
      let colour = RGBColour(pixels[index], pixels[index + 1], pixels[index + 2])
      var run = 1
      index += 3
      while index < pixels.count, pixels[index] == colour.red, pixels[index + 1] == colour.green, pixels[index + 2] == colour.blue {
        run += 1
        index += 3
      }
      counts[colour, default: 0] += run
      if counts.count > most { return nil }
    }
    return counts
  }
}
