import CImageFormats
import Tensors

/// One PNG file being decoded by libspng. Owns the library's context; the bytes outlive it inside `withDecoder`.
struct PNGDecoder {
  /// What the header of the file says.
  let header: spng_ihdr
  private let context: OpaquePointer
  private let name: String

  /// Opens a PNG, checks its header against the limits and calls `body`.
  static func withDecoder<Result>(
    _ bytes: [UInt8], name: String, limits: ImageLimits, _ body: (PNGDecoder) throws -> Result
  ) throws -> Result {
    guard let context = spng_ctx_new(0) else { throw LongtailError(.inputOutput, "\(name): no memory for the PNG decoder") }
    defer { spng_ctx_free(context) }
    return try bytes.withUnsafeBytes { raw in
      // Damage in text or time stamps does not matter; in the image it does.
      spng_set_crc_action(context, Int32(SPNG_CRC_ERROR.rawValue), Int32(SPNG_CRC_DISCARD.rawValue))
      spng_set_chunk_limits(context, 1 << 24, 1 << 26)
      spng_set_image_limits(context, 1 << 24, 1 << 24)
      var status = spng_set_png_buffer(context, raw.baseAddress, raw.count)
      var header = spng_ihdr()
      if status == 0 { status = spng_get_ihdr(context, &header) }
      if status != 0 { throw failure(status, name) }
      let pixels = Int(header.width) * Int(header.height)
      let bytesPerPixel = max(3, channels(header) * Int(header.bit_depth) / 8)
      guard pixels <= limits.decodedBytes / bytesPerPixel else {
        throw LongtailError(
          .badData, "\(name): \(header.width) x \(header.height) pixels would take more than \(limits.decodedBytes) bytes",
          advice: ImageLimits.advice)
      }
      // Deflate packs at most 1032 to 1: a header that promises more than its file can hold is caught before memory is taken.
      let packedBits = Int(header.height) * (1 + (Int(header.width) * channels(header) * Int(header.bit_depth) + 7) / 8)
      guard packedBits / 1040 <= bytes.count else {
        throw LongtailError(
          .badData,
          "\(name): \(bytes.count) bytes cannot hold the \(header.width) x \(header.height) pixels of its header: truncated or forged")
      }
      return try body(PNGDecoder(header: header, context: context, name: name))
    }
  }

  /// Decodes into interleaved RGB of 8 bits: alpha is dropped, palettes are looked up, 16 bits lose their lower half.
  func rgb() throws -> RGBImage {
    let pixels = try decode(SPNG_FMT_RGB8)
    guard let image = RGBImage(width: Int(header.width), height: Int(header.height), pixels: pixels) else {
      throw LongtailError(.internalError, "\(name): the PNG decoder gave \(pixels.count) bytes")
    }
    return image
  }

  /// Decodes the numbers as they stand in the file: grey values or palette indices, never colours.
  func labels() throws -> LabelImage {
    let width = Int(header.width)
    let height = Int(header.height)
    let colourType = Int(header.color_type)
    guard colourType == Int(SPNG_COLOR_TYPE_GRAYSCALE.rawValue) || colourType == Int(SPNG_COLOR_TYPE_INDEXED.rawValue) else {
      throw LongtailError(
        .badData, "\(name): labels must be grey or palette PNGs, this one holds colours",
        advice:
          "Convert it to one class number a pixel; or where its colours are the classes, describe it as data set folder with labelColours.")
    }
    let bytes = try decode(SPNG_FMT_PNG)
    let depth = Int(header.bit_depth)
    switch depth {
    case 8:
      return LabelImage(width: width, height: height, unchecked: bytes)
    case 16:
      return try narrowed(bytes, width: width, height: height)
    default:
      return LabelImage(
        width: width, height: height, unchecked: PNGDecoder.unpacked(bytes, width: width, height: height, depth: depth))
    }
  }

  private func narrowed(_ bytes: [UInt8], width: Int, height: Int) throws -> LabelImage {
    var labels = [UInt8](repeating: 0, count: width * height)
    for index in labels.indices {
      let value = Int(bytes[2 * index]) | Int(bytes[2 * index + 1]) << 8
      guard value < 256 else {
        throw LongtailError(
          .badData, "\(name): label \(value) at column \(index % width), row \(index / width); labels of 16 bits may only go to 255")
      }
      labels[index] = UInt8(value)
    }
    return LabelImage(width: width, height: height, unchecked: labels)
  }

  /// Spreads numbers of 1, 2 or 4 bits, packed from the high end of each byte with rows padded to bytes.
  private static func unpacked(_ bytes: [UInt8], width: Int, height: Int, depth: Int) -> [UInt8] {
    var labels = [UInt8](repeating: 0, count: width * height)
    let rowBytes = (width * depth + 7) / 8
    let mask = UInt8((1 << depth) - 1)
    for y in 0..<height {
      for x in 0..<width {
        let bit = x * depth
        labels[y * width + x] = bytes[y * rowBytes + bit / 8] >> UInt8(8 - depth - bit % 8) & mask
      }
    }
    return labels
  }

  private func decode(_ format: spng_format) throws -> [UInt8] {
    var size = 0
    var status = spng_decoded_image_size(context, Int32(format.rawValue), &size)
    if status != 0 { throw PNGDecoder.failure(status, name) }
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      status = spng_decode_image(context, buffer.baseAddress, size, Int32(format.rawValue), 0)
      count = status == 0 ? size : 0
    }
    // Read on to the end mark, so that a file cut off behind its pixels is noticed too.
    if status == 0 { status = spng_decode_chunks(context) }
    if status != 0 { throw PNGDecoder.failure(status, name) }
    return bytes
  }

  private static func channels(_ header: spng_ihdr) -> Int {
    switch UInt32(header.color_type) {
    case SPNG_COLOR_TYPE_TRUECOLOR.rawValue: return 3
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue: return 2
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue: return 4
    default: return 1
    }
  }

  private static func failure(_ status: Int32, _ name: String) -> LongtailError {
    let reason = spng_strerror(status).map { String(cString: $0) } ?? "error \(status)"
    let cut = status == Int32(SPNG_IO_EOF.rawValue) || status == Int32(SPNG_EIDAT_TOO_SHORT.rawValue)
    return LongtailError(.badData, "\(name): broken PNG: \(cut ? "the file ends too early" : reason)")
  }
}
