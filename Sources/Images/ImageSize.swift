import Tensors

/// Width and height of an image file, read without decoding its pixels.
public struct ImageSize: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int

  /// Names a size.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Reads the header of a PNG or JPEG file. The size is that of the upright image.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    let bytes = try FileBytes.read(path, limit: limits.fileBytes)
    let format = try ImageFormat(of: bytes, name: path)
    let stored: ImageSize
    switch format {
    case .png:
      let header = try PNGDecoder.withDecoder(bytes, name: path, limits: limits) { $0.header }
      stored = ImageSize(width: Int(header.width), height: Int(header.height))
    case .jpeg:
      let size = try JPEGDecoder.size(bytes, name: path)
      stored = ImageSize(width: size.width, height: size.height)
    }
    self = ImageOrientation(of: bytes, format: format).upright(stored)
  }

  /// `480 x 360`.
  public var description: String { "\(width) x \(height)" }
}
