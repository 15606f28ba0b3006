import CImageFormats
import Tensors

/// Decodes JPEG files with libjpeg-turbo.
enum JPEGDecoder {
  /// Reads width and height.
  static func size(_ bytes: [UInt8], name: String) throws -> (width: Int, height: Int) {
    try withDecoder(name) { handle in
      let header = try self.header(bytes, name: name, handle: handle)
      return (header.width, header.height)
    }
  }

  /// Decodes into interleaved RGB of 8 bits; grey files become grey pictures. EXIF orientation is not applied, as labels do not carry it.
  static func rgb(_ bytes: [UInt8], name: String, limits: ImageLimits) throws -> RGBImage {
    try withDecoder(name) { handle in
      let (width, height, colourSpace) = try header(bytes, name: name, handle: handle)
      guard width * height <= limits.decodedBytes / 3 else {
        throw LongtailError(
          .badData, "\(name): \(width) x \(height) pixels would take more than \(limits.decodedBytes) bytes",
          advice: ImageLimits.advice)
      }
      // The barest block of 64 values takes a bit or two: a header that promises far more than its file can hold is caught here.
      guard width * height / 2048 <= bytes.count else {
        throw LongtailError(
          .badData, "\(name): \(bytes.count) bytes cannot hold the \(width) x \(height) pixels of its header: truncated or forged")
      }
      if colourSpace == Int32(TJCS_CMYK.rawValue) || colourSpace == Int32(TJCS_YCCK.rawValue) {
        throw LongtailError(
          .badData, "\(name): a JPEG in CMYK has no defined colours on a screen", advice: "Convert the file to RGB first.")
      }
      var status: Int32 = 0
      let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
        // Where decoding stops early the library leaves rows untouched; nothing may be left undefined.
        buffer.initialize(repeating: 0)
        status = tjDecompress2(
          handle, bytes, UInt(bytes.count), buffer.baseAddress, Int32(width), 0, Int32(height), pixelFormat,
          TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT)
        count = 3 * width * height
      }
      if status != 0 {
        let reason = message(handle)
        // Stray bytes between markers are common in collections from the web and lose nothing.
        let harmless = tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) && reason.contains("extraneous bytes")
        if !harmless { throw failure(reason, name) }
      }
      return RGBImage(width: width, height: height, unchecked: pixels)
    }
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
