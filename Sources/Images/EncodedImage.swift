import Tensors

/// An image file of which the header has been read, but no pixel: for those who want a part of it, or a small one.
///
/// JPEGs are decoded at a half, a quarter or an eighth of their size where what is wanted still has as many pixels as it is shown with.
/// That saves most of the time of large photographs; values then differ a little from those of the whole image.
public struct EncodedImage: Sendable {
  /// What error messages call it.
  public let name: String
  /// Width and height, upright.
  public let size: ImageSize
  /// How it is stored.
  package let orientation: ImageOrientation

  private let bytes: [UInt8]
  private let format: ImageFormat
  private let limits: ImageLimits

  /// Reads a PNG or JPEG file.
  /// - Throws: `.missingInput` where there is no file, `.badData` where its header is broken, `.inputOutput` where reading fails.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    try self.init(FileBytes.read(path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// Takes the bytes of a PNG or JPEG file.
  /// - Throws: `.badData` where its header is broken.
  package init(_ bytes: [UInt8], name: String, limits: ImageLimits = .standard) throws {
    (self.bytes, self.name, self.limits) = (bytes, name, limits)
    format = try ImageFormat(of: bytes, name: name)
    orientation = ImageOrientation(of: bytes, format: format)
    let stored: ImageSize
    switch format {
    case .png:
      let header = try PNGDecoder.withDecoder(bytes, name: name, limits: limits) { $0.header }
      stored = ImageSize(width: Int(header.width), height: Int(header.height))
    case .jpeg:
      let header = try JPEGDecoder.size(bytes, name: name)
      stored = ImageSize(width: header.width, height: header.height)
    }
    size = orientation.upright(stored)
  }

  /// The whole image, upright, at its full size.
  /// - Throws: `.badData` where it is broken, too large, or of 16 bits without a range.
  public func decoded(range: SampleRange? = nil) throws -> RGBImage {
    try RGBImage(decoding: bytes, name: name, range: range, limits: limits)
  }

  /// A rectangle of the upright image, cut out and then shrunk or enlarged to a size.
  /// - Parameters:
  ///   - box: inside the image.
  ///   - target: of the result.
  ///   - range: which values of 16 bits become black and white.
  ///   - reduced: whether a JPEG may be decoded at a reduced scale.
  /// - Throws: as `decoded`.
  package func resized(box: PixelBox, to target: ImageSize, range: SampleRange? = nil, reduced: Bool = true) throws -> RGBImage {
    let divisor = reduced ? reduction(box: box, target: target) : 1
    guard divisor > 1 else { return try decoded(range: range).resizedPart(box, to: target) }
    let small = try JPEGDecoder.rgb(bytes, name: name, limits: limits, divisor: divisor).upright(orientation)
    // Each pixel stands for `divisor` by `divisor` of the file, the last ones for fewer: what is missing there lies right and below as
    // stored.
    let scale = 1 / Double(divisor)
    var part = box.scaled(x: scale, y: scale)
    if orientation.leftIsStoredEnd { part.x += Double(small.width) - Double(size.width) * scale }
    if orientation.topIsStoredEnd { part.y += Double(small.height) - Double(size.height) * scale }
    return small.resizedPart(part, to: target)
  }

  /// By how much a JPEG may be reduced: the most of 1, 2, 4, 8 that leaves the rectangle at least as large as it is shown; 1 for PNGs.
  package func reduction(box: PixelBox, target: ImageSize) -> Int {
    guard format == .jpeg else { return 1 }
    let spare = min(box.width / Double(max(1, target.width)), box.height / Double(max(1, target.height)))
    return [8, 4, 2].first { spare >= Double($0) } ?? 1
  }
}

extension ImageOrientation {
  /// Whether the left side of the upright image is the right or lower one as stored.
  fileprivate var leftIsStoredEnd: Bool {
    switch self {
    case .mirroredLeftRight, .rotatedByHalfTurn, .needsQuarterTurnClockwise, .transposedAboutOtherDiagonal: true
    case .upright, .mirroredTopBottom, .transposed, .needsQuarterTurnCounterclockwise: false
    }
  }

  /// Whether the upper side of the upright image is the right or lower one as stored.
  fileprivate var topIsStoredEnd: Bool {
    switch self {
    case .mirroredTopBottom, .rotatedByHalfTurn, .needsQuarterTurnCounterclockwise, .transposedAboutOtherDiagonal: true
    case .upright, .mirroredLeftRight, .transposed, .needsQuarterTurnClockwise: false
    }
  }
}
