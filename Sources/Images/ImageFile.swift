import Tensors

/// An image file as it was read: upright, 8 bits a channel, and what was done for that.
public struct ImageFile: Sendable {
  /// The upright image.
  public let image: RGBImage
  /// How it is stored.
  public let orientation: ImageOrientation
  /// The samples of a file of 16 bits; nil for one that 8 bits hold without loss.
  public let deep: DeepSamples?
  /// A number for the content of the upright image; files of 16 bits count with all their bits. Two files with one number show the same
  /// image, whatever their format and metadata are.
  public let digest: Int

  /// Reads a PNG or JPEG file, whichever its content is.
  ///
  /// A file of 16 bits is read without a range too: then its own least and greatest value become black and white. Training and prediction
  /// read with `RGBImage(contentsOf:range:limits:)`, which does not.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or something else.
  public init(contentsOf path: String, range: SampleRange? = nil, limits: ImageLimits = .standard) throws {
    try self.init(decoding: FileBytes.read(path, limit: limits.fileBytes), name: path, range: range, limits: limits)
  }

  /// Decodes the bytes of a PNG or JPEG file.
  /// - Parameter name: what error messages call it.
  /// - Throws: `.badData`.
  public init(decoding bytes: [UInt8], name: String, range: SampleRange? = nil, limits: ImageLimits = .standard) throws {
    let format = try ImageFormat(of: bytes, name: name)
    orientation = ImageOrientation(of: bytes, format: format)
    switch format {
    case .jpeg:
      image = try JPEGDecoder.rgb(bytes, name: name, limits: limits).upright(orientation)
      deep = nil
      digest = ContentDigest.of(image)
    case .png:
      let content = try PNGDecoder.withDecoder(bytes, name: name, limits: limits) { try $0.pixels(isScaled: range != nil) }
      switch content {
      case .rgb(let stored):
        image = stored.upright(orientation)
        deep = nil
        digest = ContentDigest.of(image)
      case .deep(let samples):
        let found = samples.survey(range: range)
        deep = found
        image = samples.image(range ?? SampleRange(low: found.least, high: found.greatest) ?? .full).upright(orientation)
        digest = ContentDigest.of(samples, orientation)
      }
    }
  }
}

/// Numbers that show whether two images are the same.
enum ContentDigest {
  /// Of size and colours; not negative.
  static func of(_ image: RGBImage) -> Int {
    var state = State(image.width, image.height)
    image.pixels.withUnsafeBytes { state.add($0) }
    return state.digest
  }

  /// Of size and samples, once upright; not negative.
  static func of(_ samples: DeepPixels, _ orientation: ImageOrientation) -> Int {
    let stored = ImageSize(width: samples.width, height: samples.height)
    let size = orientation.upright(stored)
    var state = State(size.width, size.height)
    orientation.upright(samples.bytes, size: stored, channels: 2 * samples.channels).withUnsafeBytes { state.add($0) }
    return state.digest
  }

  /// Two sums of words, each stirred by odd multipliers (as in SplitMix64); about as fast as memory.
  private struct State {
    private var one: UInt64
    private var other: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(_ width: Int, _ height: Int) { one = UInt64(truncatingIfNeeded: width) << 32 ^ UInt64(truncatingIfNeeded: height) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
      let words = bytes.count / 8
      for index in 0..<words { add(bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) }
      var rest: UInt64 = 0
      for index in 8 * words..<bytes.count { rest = rest << 8 | UInt64(bytes[index]) }
      add(rest)
    }

    @inline(__always)
    private mutating func add(_ word: UInt64) {
      one = (one ^ word) &* 0xBF58_476D_1CE4_E5B9
      one ^= one >> 29
      other = (other &+ word) &* 0x94D0_49BB_1331_11EB
      other ^= other >> 32
    }

    var digest: Int { Int(truncatingIfNeeded: (one ^ other &* 0xD6E8_FEB8_6659_FD93) >> 1) }
  }
}
