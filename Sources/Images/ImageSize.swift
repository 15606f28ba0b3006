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
    self = try EncodedImage(contentsOf: path, limits: limits).size
  }

  /// `480 x 360`.
  public var description: String { "\(width) x \(height)" }
}
