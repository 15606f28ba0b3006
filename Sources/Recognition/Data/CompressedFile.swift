import CCompression
import Tensors

/// Reads files that may be compressed by gzip, recognized by their first bytes and never by their names.
enum CompressedFile {
  /// The content of a file, unpacked where it is packed.
  /// - Parameter limit: the most bytes that it may hold, unpacked.
  /// - Throws: `.missingInput`, `.inputOutput`, or `.badData` for a file that is damaged or too large.
  static func read(_ path: String, limit: Int = 1 << 32) throws -> [UInt8] {
    let file = try ReadableFile(path: path)
    guard file.byteCount <= limit else { throw tooLarge(path, limit) }
    let bytes = try file.bytes(0..<file.byteCount)
    return bytes.starts(with: [0x1F, 0x8B]) ? try unpacked(bytes, name: path, limit: limit) : bytes
  }

  /// Unpacks gzip data, all members of it.
  /// - Throws: `.badData` where the data is damaged, ends too early or is too large.
  static func unpacked(_ bytes: [UInt8], name: String, limit: Int) throws -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window; 16 more ask for gzip's header and checksum.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw LongtailError(.inputOutput, "\(name): no memory to unpack it")
    }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    result.reserveCapacity(min(limit, 4 * bytes.count))
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    var input = bytes
    let complete = try input.withUnsafeMutableBufferPointer { input -> Bool in
      var taken = 0
      var ended = false
      while true {
        if stream.avail_in == 0 {
          let count = min(1 << 30, input.count - taken)
          if count == 0 { return ended }
          stream.next_in = input.baseAddress?.advanced(by: taken)
          stream.avail_in = UInt32(count)
          taken += count
        }
        if ended {
          // Another member begins where one ended; anything else behind the end is padding.
          guard stream.avail_in > 0, stream.next_in?.pointee == 0x1F else { return true }
          guard inflateReset(&stream) == Z_OK else { return false }
          ended = false
        }
        let status = piece.withUnsafeMutableBufferPointer { piece -> Int32 in
          stream.next_out = piece.baseAddress
          stream.avail_out = UInt32(piece.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        let written = piece.count - Int(stream.avail_out)
        result += piece[0..<written]
        if result.count > limit { throw tooLarge(name, limit) }
        if status == Z_STREAM_END { ended = true } else if status == Z_BUF_ERROR { continue } else if status != Z_OK { return false }
      }
    }
    guard complete else {
      throw LongtailError(.badData, "\(name): the compressed file is damaged or ends too early", advice: "Fetch the file again.")
    }
    return result
  }

  private static func tooLarge(_ name: String, _ limit: Int) -> LongtailError {
    LongtailError(.badData, "\(name): it holds more than the \(limit) bytes that such a file may have")
  }
}
