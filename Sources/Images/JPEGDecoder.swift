import CImageFormats
import Tensors

/// Decodes JPEG files with libjpeg-turbo.
package enum JPEGDecoder {
  /// Reads width and height.
  static func size(_ bytes: [UInt8], name: String) throws -> (width: Int, height: Int) {
    try withDecoder(name) { handle in
      let header = try self.header(bytes, name: name, handle: handle)
      return (header.width, header.height)
    }
  }

  /// Decodes into interleaved RGB of 8 bits, as stored; grey files become grey images.
  /// - Parameter divisor: 1, 2, 4 or 8: both sides become that much shorter, rounded up. The decoder then has less to do.
  static func rgb(_ bytes: [UInt8], name: String, limits: ImageLimits, divisor: Int = 1) throws -> RGBImage {
    try withDecoder(name) { handle in
      let (storedWidth, storedHeight, colourSpace) = try header(bytes, name: name, handle: handle)
      let (width, height) = ((storedWidth + divisor - 1) / divisor, (storedHeight + divisor - 1) / divisor)
      guard width * height <= limits.decodedBytes / 3 else {
        throw LongtailError(
          .badData, "\(name): \(width) x \(height) pixels would take more than \(limits.decodedBytes) bytes",
          advice: ImageLimits.advice)
      }
      // The barest block of 64 values takes a bit or two: a header that promises far more than its file can hold is caught here.
      guard storedWidth * storedHeight / 2048 <= bytes.count else {
        throw LongtailError(
          .badData,
          "\(name): \(bytes.count) bytes cannot hold the \(storedWidth) x \(storedHeight) pixels of its header: truncated or forged")
      }
      if colourSpace == Int32(TJCS_CMYK.rawValue) || colourSpace == Int32(TJCS_YCCK.rawValue) {
        throw LongtailError(
          .badData, "\(name): a JPEG in CMYK has no defined colours on a screen", advice: "Convert the file to RGB first.")
      }
      let pixels = try [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
        let memory = UnsafeMutableBufferPointer(rebasing: buffer[0..<3 * width * height])
        try decode(bytes, name: name, handle: handle, width: width, height: height, into: memory)
        count = memory.count
      }
      return RGBImage(width: width, height: height, unchecked: pixels)
    }
  }

  /// Decodes a file of known size into memory, whatever it holds: it is cleared first.
  /// - Parameter memory: `3 * width * height` bytes.
  /// - Throws: `.badData` where the file is broken.
  package static func decode(
    _ bytes: [UInt8], name: String, width: Int, height: Int, into memory: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    try withDecoder(name) { try decode(bytes, name: name, handle: $0, width: width, height: height, into: memory) }
  }

  private static func decode(
    _ bytes: [UInt8], name: String, handle: tjhandle, width: Int, height: Int, into memory: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    // Where decoding stops early the library leaves rows untouched; nothing may be left undefined.
    memory.initialize(repeating: 0)
    let status = tjDecompress2(
      handle, bytes, UInt(bytes.count), memory.baseAddress, Int32(width), 0, Int32(height), pixelFormat,
      TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT)
    if status == 0 { return }
    let reason = message(handle)
    // Stray bytes between markers are common in collections from the web and lose nothing.
    let harmless = tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) && reason.contains("extraneous bytes")
    if !harmless { throw failure(reason, name) }
  }

  private static let pixelFormat = Int32(TJPF_RGB.rawValue)

  private static func withDecoder<Result>(_ name: String, _ body: (tjhandle) throws -> Result) throws -> Result {
    guard let handle = tjInitDecompress() else { throw LongtailError(.inputOutput, "\(name): no memory for the JPEG decoder") }
    defer { tjDestroy(handle) }
    return try body(handle)
  }

  private static func header(
    _ bytes: [UInt8], name: String, handle: tjhandle
  ) throws -> (width: Int, height: Int, colourSpace: Int32) {
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colourSpace: Int32 = 0
    let status = tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colourSpace)
    guard status == 0, width > 0, height > 0 else { throw failure(message(handle), name) }
    return (Int(width), Int(height), colourSpace)
  }

  private static func message(_ handle: tjhandle) -> String {
    tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown error"
  }

  private static func failure(_ reason: String, _ name: String) -> LongtailError {
    let cut = reason.contains("Premature end")
    return LongtailError(.badData, "\(name): broken JPEG: \(cut ? "the file ends too early" : reason)")
  }
}
