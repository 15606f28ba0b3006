import CImageFormats
import Tensors

/// One PNG file being decoded by libspng. Owns the library's context; the bytes outlive it inside `withDecoder`.
package struct PNGDecoder {
  /// What the header of the file says.
  let header: spng_ihdr
  private let context: OpaquePointer
  private let name: String

  /// Opens a PNG, checks its header against the limits and calls `body`.
  package static func withDecoder<Result>(
    _ bytes: [UInt8], name: String, limits: ImageLimits = .standard, _ body: (PNGDecoder) throws -> Result
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

  /// What an image's file holds.
  enum Pixels {
    /// 8 bits a channel are all that there is.
    case rgb(RGBImage)
    /// 16 bits, of which 8 would lose something.
    case deep(DeepPixels)
  }

  /// Decodes the pixels as stored: alpha is dropped, palettes are looked up, grey is spread to 8 bits.
  /// - Parameter isScaled: whether samples of 16 bits are wanted in any case, as a range will be applied to all files alike.
  func pixels(isScaled: Bool) throws -> Pixels {
    let width = Int(header.width)
    let height = Int(header.height)
    if header.bit_depth == 16 {
      let deep = DeepPixels(
        width: width, height: height, channels: PNGDecoder.channels(header), bytes: try decode(.asStored))
      return (isScaled ? nil : deep.narrowImage).map(Pixels.rgb) ?? .deep(deep)
    }
    return .rgb(RGBImage(width: width, height: height, unchecked: try decode(.rgb)))
  }

  /// The numbers as they stand in the file: grey values or palette indices of 1 to 16 bits, one a pixel.
  func numbers() throws -> [UInt16] {
    let (width, height, depth) = (Int(header.width), Int(header.height), Int(header.bit_depth))
    let bytes = try decode(.asStored)
    switch depth {
    case 8: return bytes.map(UInt16.init)
    case 16: return bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
    default: return PNGDecoder.unpacked(bytes, width: width, height: height, depth: depth).map(UInt16.init)
    }
  }

  /// The colours of a palette; empty where there is none.
  func palette() -> [RGBColour] {
    var table = spng_plte()
    guard header.color_type == UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue), spng_get_plte(context, &table) == 0 else { return [] }
    return withUnsafeBytes(of: &table.entries) { entries in
      (0..<Int(min(256, table.n_entries))).map { RGBColour(entries[4 * $0], entries[4 * $0 + 1], entries[4 * $0 + 2]) }
    }
  }

  /// Whether each pixel has one number and nothing else.
  private var holdsNumbers: Bool {
    let type = UInt32(header.color_type)
    return type == SPNG_COLOR_TYPE_GRAYSCALE.rawValue || type == SPNG_COLOR_TYPE_INDEXED.rawValue
  }

  /// Decodes a map of numbers.
  /// - Throws: `.badData` for a broken file.
  func labels() throws -> LabelFile.Content {
    let width = Int(header.width)
    let height = Int(header.height)
    func labels(_ numbers: [UInt8]) -> LabelFile.Content {
      .labels(LabelImage(width: width, height: height, unchecked: numbers), palette: palette())
    }
    if UInt32(header.color_type) == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue { return try greyWithAlpha() }
    guard holdsNumbers else { return .colours(PNGDecoder.colours(name)) }
    let bytes = try decode(.asStored)
    let depth = Int(header.bit_depth)
    switch depth {
    case 8: return labels(bytes)
    case 16: return narrowed(bytes, width: width, height: height, step: 1)
    default: return labels(PNGDecoder.unpacked(bytes, width: width, height: height, depth: depth))
    }
  }

  /// Grey values with an alpha channel that says nothing: the greys are the numbers.
  private func greyWithAlpha() throws -> LabelFile.Content {
    let (width, height, depth) = (Int(header.width), Int(header.height), Int(header.bit_depth))
    let bytes = try decode(.asStored)
    let sampleBytes = depth / 8
    var seeThrough = 0
    for pixel in 0..<width * height {
      for byte in 0..<sampleBytes where bytes[(2 * pixel + 1) * sampleBytes + byte] != 255 {
        seeThrough += 1
        break
      }
    }
    guard seeThrough == 0 else {
      return .unsuitable(
        LongtailError(
          .badData, "\(name): labels of grey with alpha, of which \(seeThrough) of \(width * height) pixels are not opaque",
          advice: "What such pixels mean is unknown. Save the labels as grey PNGs without alpha, with 255 for pixels to ignore."))
    }
    if depth == 16 { return narrowed(bytes, width: width, height: height, step: 2) }
    let greys = (0..<width * height).map { bytes[2 * $0] }
    return .labels(LabelImage(width: width, height: height, unchecked: greys), palette: [])
  }

  private static func colours(_ name: String) -> LongtailError {
    LongtailError(
      .badData, "\(name): labels must be grey or palette PNGs, this one holds colours",
      advice:
        "Convert it to one class number a pixel; or where its colours are the classes, describe it as data set folder with labelColours.")
  }

  /// - Parameter step: samples of a pixel, of which the first is its number.
  private func narrowed(_ bytes: [UInt8], width: Int, height: Int, step: Int) -> LabelFile.Content {
    var labels = [UInt8](repeating: 0, count: width * height)
    let wide = bytes.withUnsafeBytes { raw -> (index: Int, value: Int)? in
      let samples = raw.bindMemory(to: UInt16.self)
      for index in labels.indices {
        let value = samples[step * index]
        if value > 255 { return (index, Int(value)) }
        labels[index] = UInt8(truncatingIfNeeded: value)
      }
      return nil
    }
    guard let wide else { return .labels(LabelImage(width: width, height: height, unchecked: labels), palette: []) }
    return .unsuitable(
      LongtailError(
        .badData,
        "\(name): label \(wide.value) at column \(wide.index % width), row \(wide.index / width); labels of 16 bits may only go to 255",
        advice: "Renumber the labels of all files to 0, 1, 2 and so on, with 255 for pixels to ignore."))
  }

  /// Spreads numbers of 1, 2 or 4 bits, packed from the high end of each byte with rows padded to bytes.
  static func unpacked(_ bytes: [UInt8], width: Int, height: Int, depth: Int) -> [UInt8] {
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

  /// How pixels are laid out in memory.
  package enum Layout {
    /// Red, green, blue of 8 bits, interleaved.
    case rgb
    /// As in the file, with samples of 16 bits in the order of this machine and rows of smaller ones padded to bytes.
    case asStored

    fileprivate var format: Int32 { Int32((self == .rgb ? SPNG_FMT_RGB8 : SPNG_FMT_PNG).rawValue) }
  }

  /// Bytes that `decode(_:into:)` writes.
  /// - Throws: `.badData` where the file is broken.
  package func byteCount(_ layout: Layout) throws -> Int {
    var size = 0
    let status = spng_decoded_image_size(context, layout.format, &size)
    if status != 0 { throw PNGDecoder.failure(status, name) }
    return size
  }

  /// Decodes into memory, whatever it holds: it is cleared first. The library adds the bits of interlaced images to what it finds.
  /// - Parameter memory: `byteCount(_:)` bytes.
  /// - Throws: `.badData` where the file is broken.
  package func decode(_ layout: Layout, into memory: UnsafeMutableBufferPointer<UInt8>) throws {
    memory.initialize(repeating: 0)
    var status = spng_decode_image(context, memory.baseAddress, memory.count, layout.format, 0)
    // Read on to the end mark, so that a file cut off behind its pixels is noticed too.
    if status == 0 { status = spng_decode_chunks(context) }
    if status != 0 { throw PNGDecoder.failure(status, name) }
  }

  private func decode(_ layout: Layout) throws -> [UInt8] {
    let size = try byteCount(layout)
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      try decode(layout, into: UnsafeMutableBufferPointer(rebasing: buffer[0..<size]))
      count = size
    }
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
