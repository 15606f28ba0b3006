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

  /// Reads the header of a PNG or JPEG file.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    let bytes = try FileBytes.read(path, limit: limits.fileBytes)
    switch try ImageFormat(of: bytes, name: path) {
    case .png:
      let header = try PNGDecoder.withDecoder(bytes, name: path, limits: limits) { $0.header }
      self.init(width: Int(header.width), height: Int(header.height))
    case .jpeg:
      let size = try JPEGDecoder.size(bytes, name: path)
      self.init(width: size.width, height: size.height)
    }
  }

  /// `480 x 360`.
  public var description: String { "\(width) x \(height)" }
}
