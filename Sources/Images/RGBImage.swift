/// An image: 8-bit red, green, blue, interleaved, rows from top to bottom.
public struct RGBImage: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `3 * width * height` bytes; pixel (x, y) begins at `3 * (y * width + x)`.
  public var pixels: [UInt8]

  /// An image of one colour.
  public init(width: Int, height: Int, fill colour: RGBColour = .black) {
    let width = max(0, width)
    let height = max(0, height)
    self.width = width
    self.height = height
    pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
      count = 3 * width * height
      for index in stride(from: 0, to: count, by: 3) {
        buffer[index] = colour.red
        buffer[index + 1] = colour.green
        buffer[index + 2] = colour.blue
      }
    }
  }

  /// An image from its bytes; nil unless there are `3 * width * height` of them.
  public init?(width: Int, height: Int, pixels: [UInt8]) {
    guard width >= 0, height >= 0, pixels.count == 3 * width * height else { return nil }
    self.init(width: width, height: height, unchecked: pixels)
  }

  init(width: Int, height: Int, unchecked pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The colour at column `x`, row `y`.
  public subscript(x: Int, y: Int) -> RGBColour {
    get {
      let index = 3 * (y * width + x)
      return RGBColour(pixels[index], pixels[index + 1], pixels[index + 2])
    }
    set {
      let index = 3 * (y * width + x)
      pixels[index] = newValue.red
      pixels[index + 1] = newValue.green
      pixels[index + 2] = newValue.blue
    }
  }
}
