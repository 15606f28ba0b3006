import CImageFormats
import Tensors

extension LabelImage {
  /// Reads a grey or palette PNG as the numbers that it holds: grey values or palette indices, never colours.
  ///
  /// Samples of 1, 2 and 4 bits are not stretched; 16 bits are accepted while every value is below 256, an alpha channel while it is
  /// opaque. An EXIF orientation is applied, as it is to images.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large, lossy or in colour.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    self = try LabelFile(contentsOf: path, limits: limits).labels
  }

  /// Decodes the bytes of a label PNG.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what error messages call it.
  ///   - limits: how much it may ask for.
  /// - Throws: `.badData`.
  public init(decoding bytes: [UInt8], name: String, limits: ImageLimits = .standard) throws {
    self = try LabelFile(decoding: bytes, name: name, limits: limits).labels
  }

  /// The map as a PNG file of 8 bits: grey, or with `palette` the same numbers as indices that viewers show in colour.
  ///
  /// A palette shorter than the largest number is filled up with black, as every index needs an entry.
  /// - Throws: `.badData` for a map without pixels or a palette of more than 256 colours.
  public func pngData(palette: [RGBColour]? = nil, compressionLevel: Int = 6, software: String? = nil) throws -> [UInt8] {
    guard var palette, !palette.isEmpty else {
      return try PNGEncoder.encode(
        labels, width: width, height: height, colourType: SPNG_COLOR_TYPE_GRAYSCALE, palette: [], compressionLevel: compressionLevel,
        software: software)
    }
    guard palette.count <= 256 else { throw LongtailError(.badData, "a palette of \(palette.count) colours; PNG allows 256") }
    let largest = Int(labels.max() ?? 0)
    while palette.count <= largest { palette.append(.black) }
    return try PNGEncoder.encode(
      labels, width: width, height: height, colourType: SPNG_COLOR_TYPE_INDEXED, palette: palette, compressionLevel: compressionLevel,
      software: software)
  }

  /// Writes the map as a PNG file, replacing an older one in one step.
  /// - Throws: `.inputOutput` where the file cannot be written.
  public func writePNG(to path: String, palette: [RGBColour]? = nil, compressionLevel: Int = 6, software: String? = nil) throws {
    try FileBytes.write(pngData(palette: palette, compressionLevel: compressionLevel, software: software), to: path)
  }
}
