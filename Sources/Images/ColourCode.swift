import Tensors

/// Which number each colour of a label picture stands for.
public struct ColourCode: Sendable, Equatable {
  /// The numbers, by colour.
  public let numbers: [RGBColour: UInt8]

  /// Fixes what colours mean; several may mean the same.
  public init(_ numbers: [RGBColour: UInt8]) { self.numbers = numbers }
}

extension LabelImage {
  /// Reads a label picture whose colours stand for numbers. Alpha is dropped; palettes are looked up.
  ///
  /// Costs one look-up for each change of colour along the rows.
  /// - Returns: the numbers, `LabelImage.ignored` where a colour means nothing, and how many pixels each such colour has.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or lossy.
  public static func decoded(
    contentsOf path: String, by code: ColourCode, limits: ImageLimits = .standard
  ) throws -> (labels: LabelImage, unknown: [RGBColour: Int]) {
    let bytes = try FileBytes.read(path, limit: limits.fileBytes)
    guard try ImageFormat(of: bytes, name: path) == .png else { throw lossy(path) }
    let picture = try RGBImage(decoding: bytes, name: path, limits: limits)
    var labels = LabelImage(width: picture.width, height: picture.height)
    var unknown: [RGBColour: Int] = [:]
    var last: (colour: RGBColour, number: UInt8?)?
    picture.pixels.withUnsafeBufferPointer { pixels in
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
    return (labels, unknown)
  }

  /// The colours of a label picture with their pixels, up to a number of colours that no label map exceeds.
  /// - Returns: nil where there are more colours.
  /// - Throws: as `decoded(contentsOf:by:limits:)`.
  public static func colours(
    contentsOf path: String, atMost most: Int = 256, limits: ImageLimits = .standard
  ) throws -> [RGBColour: Int]? {
    let picture = try RGBImage(contentsOf: path, limits: limits)
    var counts: [RGBColour: Int] = [:]
    var index = 0
    while index < picture.pixels.count {
      let colour = RGBColour(picture.pixels[index], picture.pixels[index + 1], picture.pixels[index + 2])
      var run = 1
      index += 3
      while index < picture.pixels.count,
        picture.pixels[index] == colour.red, picture.pixels[index + 1] == colour.green, picture.pixels[index + 2] == colour.blue
      {
        run += 1
        index += 3
      }
      counts[colour, default: 0] += run
      if counts.count > most { return nil }
    }
    return counts
  }

  static func lossy(_ name: String) -> LongtailError {
    LongtailError(.badData, "\(name): labels in a JPEG file are not exact", advice: "Store label maps as grey or palette PNGs.")
  }
}
