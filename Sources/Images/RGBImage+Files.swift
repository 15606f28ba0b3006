import CImageFormats
import Tensors

extension RGBImage {
  /// Reads a PNG or JPEG file, whichever its content is, as RGB of 8 bits.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or something else.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    try self.init(decoding: FileBytes.read(path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// Decodes the bytes of a PNG or JPEG file.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what error messages call it.
  ///   - limits: how much it may ask for.
  /// - Throws: `.badData`.
  public init(decoding bytes: [UInt8], name: String, limits: ImageLimits = .standard) throws {
    switch try ImageFormat(of: bytes, name: name) {
    case .png: self = try PNGDecoder.withDecoder(bytes, name: name, limits: limits) { try $0.rgb() }
    case .jpeg: self = try JPEGDecoder.rgb(bytes, name: name, limits: limits)
    }
  }

  /// The picture as a PNG file of 8-bit RGB.
  /// - Parameters:
  ///   - compressionLevel: 0 (none) to 9 (smallest).
  ///   - software: the program that the file says it was made by.
  /// - Throws: `.badData` for a picture without pixels.
  public func pngData(compressionLevel: Int = 6, software: String? = nil) throws -> [UInt8] {
    try PNGEncoder.encode(
      pixels, width: width, height: height, colourType: SPNG_COLOR_TYPE_TRUECOLOR, palette: [], compressionLevel: compressionLevel,
      software: software)
  }

  /// Writes the picture as a PNG file, replacing an older one in one step.
  /// - Throws: `.inputOutput` where the file cannot be written.
  public func writePNG(to path: String, compressionLevel: Int = 6, software: String? = nil) throws {
    try FileBytes.write(pngData(compressionLevel: compressionLevel, software: software), to: path)
  }
}
