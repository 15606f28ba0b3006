/// Which way up an image lies in its file: the tag Orientation of EXIF, 1 to 8.
///
/// Cameras store images as their sensor lay and say in the tag how to turn them. Viewers and labelling tools show them turned, so that
/// labels belong to the upright image. Source: Exif 2.32 (CIPA DC-008), tag 0x0112.
public enum ImageOrientation: Int, Sendable, Codable, CaseIterable {
  /// As it is shown; also for files that say nothing, or a number that the standard does not know.
  case upright = 1
  /// Left and right are swapped.
  case mirroredLeftRight = 2
  /// Upside down.
  case rotatedByHalfTurn = 3
  /// Top and bottom are swapped.
  case mirroredTopBottom = 4
  /// Rows and columns are swapped.
  case transposed = 5
  /// Shown after a quarter turn clockwise.
  case needsQuarterTurnClockwise = 6
  /// Rows and columns are swapped about the other diagonal.
  case transposedAboutOtherDiagonal = 7
  /// Shown after a quarter turn counter-clockwise.
  case needsQuarterTurnCounterclockwise = 8

  /// Whether the stored rows are columns of the upright image.
  public var swapsSides: Bool { rawValue >= 5 }

  /// The size of the upright image for one that is stored as `size`; also the other way round.
  public func upright(_ size: ImageSize) -> ImageSize { swapsSides ? ImageSize(width: size.height, height: size.width) : size }

  /// The pixels of the upright image. Costs one pass over them, and nothing for those that are upright.
  /// - Parameters:
  ///   - stored: `channels * width * height` bytes, interleaved.
  ///   - size: width and height as stored.
  ///   - channels: bytes of a pixel.
  func upright(_ stored: [UInt8], size: ImageSize, channels: Int) -> [UInt8] {
    if self == .upright { return stored }
    let (width, height) = (size.width, size.height)
    let target = upright(size)
    // The stored pixel of the upper left one, and the steps to its right and lower neighbours.
    let (first, across, down): (Int, Int, Int) =
      switch self {
      case .upright: (0, 1, width)
      case .mirroredLeftRight: (width - 1, -1, width)
      case .rotatedByHalfTurn: (width * height - 1, -1, -width)
      case .mirroredTopBottom: (width * (height - 1), 1, -width)
      case .transposed: (0, width, 1)
      case .needsQuarterTurnClockwise: (width * (height - 1), -width, 1)
      case .transposedAboutOtherDiagonal: (width * height - 1, -width, -1)
      case .needsQuarterTurnCounterclockwise: (width - 1, width, -1)
      }
    var result = [UInt8](repeating: 0, count: channels * width * height)
    result.withUnsafeMutableBufferPointer { output in
      stored.withUnsafeBufferPointer { input in
        var place = 0
        for y in 0..<target.height {
          var source = first + y * down
          for _ in 0..<target.width {
            for channel in 0..<channels { output[place + channel] = input[channels * source + channel] }
            place += channels
            source += across
          }
        }
      }
    }
    return result
  }
}

extension RGBImage {
  /// The upright image of one that is stored otherwise.
  func upright(_ orientation: ImageOrientation) -> RGBImage {
    if orientation == .upright { return self }
    let stored = ImageSize(width: width, height: height)
    let size = orientation.upright(stored)
    return RGBImage(width: size.width, height: size.height, unchecked: orientation.upright(pixels, size: stored, channels: 3))
  }
}

extension LabelImage {
  /// The upright map of one that is stored otherwise.
  func upright(_ orientation: ImageOrientation) -> LabelImage {
    if orientation == .upright { return self }
    let stored = ImageSize(width: width, height: height)
    let size = orientation.upright(stored)
    return LabelImage(width: size.width, height: size.height, unchecked: orientation.upright(labels, size: stored, channels: 1))
  }
}
