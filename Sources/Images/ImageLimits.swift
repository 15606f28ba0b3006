/// How much an image file may ask for. Checked before memory is allocated, so that a file cannot exhaust it.
public struct ImageLimits: Sendable {
  /// Largest file, in bytes.
  public var fileBytes: Int
  /// Largest decoded image, in bytes: three a pixel for images, up to four for labels of 16 bits and alpha.
  public var decodedBytes: Int

  /// 256 MiB for the file and for the decoded image.
  public static let standard = ImageLimits(fileBytes: 1 << 28, decodedBytes: 1 << 28)

  /// Sets both limits, in bytes.
  public init(fileBytes: Int, decodedBytes: Int) {
    self.fileBytes = fileBytes
    self.decodedBytes = decodedBytes
  }

  /// What to do about a file that goes beyond them.
  static let advice = "Make the image smaller, or take it out of the data set."
}
