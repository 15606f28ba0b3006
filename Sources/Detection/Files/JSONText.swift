import Foundation
import Tensors

/// Texts with escapes, and whole files.
enum JSONText {
  /// What is meant by the bytes between the quotes of a text with escapes.
  static func decoded(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) throws -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var k = 0
    func mistake(_ what: String) -> JSONMistake { JSONMistake(offset: offset + k, what: what) }
    func unit() throws -> UInt16 {
      guard k + 6 <= bytes.count, bytes[k] == UInt8(ascii: "\\"), bytes[k + 1] == UInt8(ascii: "u"),
        let unit = UInt16(String(decoding: UnsafeBufferPointer(rebasing: bytes[k + 2..<k + 6]), as: UTF8.self), radix: 16)
      else { throw mistake("a broken escape") }
      return unit
    }
    while k < bytes.count {
      guard bytes[k] == UInt8(ascii: "\\") else {
        result.append(bytes[k])
        k += 1
        continue
      }
      guard k + 1 < bytes.count else { throw mistake("a broken escape") }
      if bytes[k + 1] == UInt8(ascii: "u") {
        var units = [try unit()]
        k += 6
        if UTF16.isLeadSurrogate(units[0]) {
          units.append(try unit())
          k += 6
        }
        result += String(decoding: units, as: UTF16.self).utf8
        continue
      }
      let plain: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12,
        UInt8(ascii: "/"): 47, UInt8(ascii: "\\"): 92, UInt8(ascii: "\""): 34,
      ]
      guard let character = plain[bytes[k + 1]] else { throw mistake("a broken escape") }
      result.append(character)
      k += 2
    }
    guard let text = String(validating: result, as: UTF8.self) else { throw mistake("a text that is not UTF-8") }
    return text
  }

  /// Reads a file into memory and walks it.
  /// - Parameter body: reads the one value; `place` says where it is, so that errors can name the entry.
  /// - Throws: `.missingInput`, `.inputOutput`; `.badData` with byte, line and entry where the text is broken.
  static func scan<Result>(_ path: String, place: () -> String, _ body: (inout JSONScanner) throws -> Result) throws -> Result {
    let file = try ReadableFile(path: path)
    let bytes = try file.bytes(0..<file.byteCount)
    return try bytes.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      // Some editors begin a file with a mark of the byte order.
      if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.offset = 3 }
      do {
        let result = try body(&scanner)
        try scanner.end()
        return result
      } catch let mistake as JSONMistake {
        let line = buffer[..<min(mistake.offset, buffer.count)].reduce(1) { $1 == 10 ? $0 + 1 : $0 }
        let entry = place()
        throw LongtailError(
          .badData, "\(path): \(entry.isEmpty ? "" : entry + ": ")line \(line), byte \(mistake.offset): \(mistake.what)",
          advice: "The file is not well-formed JSON, or was cut off; write it again.")
      }
    }
  }
}
