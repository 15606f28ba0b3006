import Images
import Tensors

/// Images of one size that lie one after the other in memory, as CIFAR's and MNIST's files hold them.
package struct PackedSource: ImageSource {
  /// How the bytes of an image lie.
  package enum Layout: Sendable {
    /// One byte a pixel.
    case grey
    /// All red, then all green, then all blue.
    case planes
    /// Red, green, blue of each pixel.
    case interleaved

    /// Bytes a pixel.
    package var channels: Int { self == .grey ? 1 : 3 }
  }

  /// Columns and rows of every image.
  package let size: ImageSize
  /// How many there are.
  package let count: Int

  private let layout: Layout
  private let origin: String
  private let bytes: [UInt8]
  private let start: Int
  private let stride: Int
  private let identity: String

  /// - Parameters:
  ///   - bytes: the content of a file, or of several in a row.
  ///   - origin: what error messages call it.
  ///   - size: columns and rows of every image.
  ///   - layout: how the bytes of an image lie.
  ///   - start: where the first image begins.
  ///   - stride: bytes from the beginning of an image to that of the next.
  ///   - count: how many there are.
  /// - Throws: `.internalError` where the bytes do not hold them.
  package init(bytes: [UInt8], origin: String, size: ImageSize, layout: Layout, start: Int, stride: Int, count: Int) throws {
    let length = size.width * size.height * layout.channels
    guard count >= 0, start >= 0, stride >= length, count == 0 || start + (count - 1) * stride + length <= bytes.count else {
      throw LongtailError(.internalError, "\(origin): \(bytes.count) bytes do not hold \(count) images of \(size)")
    }
    (self.bytes, self.origin, self.size, self.layout) = (bytes, origin, size, layout)
    (self.start, self.stride, self.count) = (start, stride, count)
    identity = try bytes.withUnsafeBytes { "\(try SHA256Digest(of: $0))" }
  }

  /// `train-images: image 12`.
  package func location(of index: Int) -> String { "\(origin): image \(index)" }

  /// The pixels.
  package func content(of index: Int) throws -> ImageContent {
    guard (0..<count).contains(index) else {
      throw LongtailError(.internalError, "\(origin): there is no image \(index)")
    }
    let begin = start + index * stride
    let plane = size.width * size.height
    var image = RGBImage(width: size.width, height: size.height)
    for pixel in 0..<plane {
      for channel in 0..<3 {
        let place =
          switch layout {
          case .grey: pixel
          case .planes: channel * plane + pixel
          case .interleaved: 3 * pixel + channel
          }
        image.pixels[3 * pixel + channel] = bytes[begin + place]
      }
    }
    return .pixels(image)
  }

  /// The digest of all bytes, and the image's place in them.
  package func fingerprint(of index: Int) -> String { "\(identity) \(start + index * stride)" }
}
