import CImageFormats
import Tensors

extension RGBImage {
  /// Reads a PNG or JPEG file, whichever its content is, as RGB of 8 bits, upright as its EXIF orientation says.
  /// - Parameter range: which values of files of 16 bits become black and white; files of 8 bits, and those of 16 that 8 bits hold without
  ///   loss, do without.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or something else, and for 16 bits without
  ///   a range.
  public init(contentsOf path: String, range: SampleRange? = nil, limits: ImageLimits = .standard) throws {
    try self.init(decoding: FileBytes.read(path, limit: limits.fileBytes), name: path, range: range, limits: limits)
  }

  /// Decodes the bytes of a PNG or JPEG file.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what error messages call it.
  ///   - range: which values of 16 bits become black and white.
  ///   - limits: how much it may ask for.
  /// - Throws: `.badData`.
  public init(decoding bytes: [UInt8], name: String, range: SampleRange? = nil, limits: ImageLimits = .standard) throws {
    let format = try ImageFormat(of: bytes, name: name)
    let stored: RGBImage
    switch format {
    case .png:
      switch try PNGDecoder.withDecoder(bytes, name: name, limits: limits, { try $0.pixels(isScaled: range != nil) }) {
      case .rgb(let image): stored = image
      case .deep(let samples):
        guard let range else { throw samples.withoutRange(name) }
        stored = samples.image(range)
      }
    case .jpeg: stored = try JPEGDecoder.rgb(bytes, name: name, limits: limits)
    }
    self = stored.upright(ImageOrientation(of: bytes, format: format))
  }

  /// The image as a PNG file of 8-bit RGB.
  /// - Parameters:
  ///   - compressionLevel: 0 (none) to 9 (smallest).
  ///   - software: the program that the file says it was made by.
  /// - Throws: `.badData` for an image without pixels.
  public func pngData(compressionLevel: Int = 6, software: String? = nil) throws -> [UInt8] {
    try PNGEncoder.encode(
      pixels, width: width, height: height, colourType: SPNG_COLOR_TYPE_TRUECOLOR, palette: [], compressionLevel: compressionLevel,
      software: software)
  }

  /// Writes the image as a PNG file, replacing an older one in one step.
  /// - Throws: `.inputOutput` where the file cannot be written.
  public func writePNG(to path: String, compressionLevel: Int = 6, software: String? = nil) throws {
    try FileBytes.write(pngData(compressionLevel: compressionLevel, software: software), to: path)
  }
}
