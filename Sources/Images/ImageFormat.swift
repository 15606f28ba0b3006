import Tensors

/// The formats of image files, recognized by their first bytes and never by their names.
public enum ImageFormat: String, Sendable {
  /// Portable Network Graphics.
  case png = "PNG"
  /// JPEG, baseline or progressive.
  case jpeg = "JPEG"

  /// Recognizes a file by its signature.
  /// - Throws: `.badData` that says what the file is instead, where that is known.
  public init(of bytes: [UInt8], name: String) throws {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else {
      let content = ImageFormat.otherContent(of: bytes)
      throw LongtailError(
        .badData, "\(name): \(content)", advice: "Images are PNG or JPEG files; convert this one, or take it out of the data set.")
    }
  }

  private static func otherContent(of bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "the file is empty" }
    let signatures: [(String, String)] = [
      ("GIF8", "GIF"), ("BM", "BMP"), ("II*\0", "TIFF"), ("MM\0*", "TIFF"), ("RIFF", "WebP or another RIFF"), ("%PDF", "PDF"),
      ("P5", "PGM"), ("P6", "PPM"), ("version https://git-lfs", "Git LFS pointer"),
    ]
    for (signature, format) in signatures where bytes.starts(with: signature.utf8) {
      return "this is a \(format) file, whatever its name says"
    }
    return "neither PNG nor JPEG by its first bytes"
  }
}
