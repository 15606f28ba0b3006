import CImageFormats
import Foundation
import Tensors

/// Encodes PNG files with libspng.
enum PNGEncoder {
  /// Encodes rows of 8-bit samples.
  /// - Parameters:
  ///   - colourType: grey (1 byte a pixel), truecolour (3) or indexed (1, with `palette`).
  ///   - compressionLevel: 0 (none) to 9 (smallest).
  ///   - software: the program that the file says it was made by; nothing when not given.
  static func encode(
    _ samples: [UInt8], width: Int, height: Int, colourType: spng_color_type, palette: [RGBColour], compressionLevel: Int,
    software: String? = nil
  ) throws -> [UInt8] {
    guard width > 0, height > 0, width < 1 << 30, height < 1 << 30 else {
      throw LongtailError(.badData, "a PNG of \(width) x \(height) pixels cannot be written")
    }
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw LongtailError(.inputOutput, "no memory for the PNG encoder")
    }
    defer { spng_ctx_free(context) }
    var header = spng_ihdr()
    header.width = UInt32(width)
    header.height = UInt32(height)
    header.bit_depth = 8
    header.color_type = UInt8(colourType.rawValue)
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    try check(spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, Int32(min(9, max(0, compressionLevel)))))
    try check(spng_set_ihdr(context, &header))
    if !palette.isEmpty {
      var table = spng_plte()
      table.n_entries = UInt32(min(256, palette.count))
      withUnsafeMutableBytes(of: &table.entries) { entries in
        for (index, colour) in palette.prefix(256).enumerated() {
          entries[4 * index] = colour.red
          entries[4 * index + 1] = colour.green
          entries[4 * index + 2] = colour.blue
        }
      }
      try check(spng_set_plte(context, &table))
    }
    if let software { try set(software, as: "Software", context) }
    try check(
      samples.withUnsafeBytes { raw in
        spng_encode_image(
          context, raw.baseAddress, raw.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue))
      })
    var length = 0
    var status: Int32 = 0
    guard let encoded = spng_get_png_buffer(context, &length, &status) else {
      try check(status)
      throw LongtailError(.internalError, "the PNG encoder returned nothing")
    }
    defer { free(encoded) }
    return [UInt8](UnsafeRawBufferPointer(start: encoded, count: length))
  }

  /// Adds a text in front of the pixels; the library copies it.
  private static func set(_ text: String, as keyword: String, _ context: OpaquePointer) throws {
    var entry = spng_text()
    entry.type = Int32(SPNG_TEXT.rawValue)
    withUnsafeMutableBytes(of: &entry.keyword) { $0.copyBytes(from: keyword.utf8.prefix(79)) }
    var characters = text.utf8CString
    try check(
      characters.withUnsafeMutableBufferPointer { characters in
        entry.text = characters.baseAddress
        entry.length = characters.count - 1
        return spng_set_text(context, &entry, 1)
      })
  }

  private static func check(_ status: Int32) throws {
    if status == 0 { return }
    let reason = spng_strerror(status).map { String(cString: $0) } ?? "error \(status)"
    throw LongtailError(.internalError, "a PNG could not be encoded: \(reason)")
  }
}
