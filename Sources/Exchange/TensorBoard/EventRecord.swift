/// A record of a TFRecord file: length, the length's check, content, the content's check; all little-endian.
package enum EventRecord {
  /// Bytes before the content: eight of the length, four of its check.
  package static let headerByteCount = 12
  /// Bytes behind the content.
  package static let footerByteCount = 4

  /// The bytes of a record.
  package static func encoded(_ content: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(content.count))
    return length + littleEndian(CRC32C.masked(length)) + content + littleEndian(CRC32C.masked(content))
  }

  /// The number of bytes that a record's header announces; nil where it is none, or its check is wrong.
  package static func contentByteCount(header: some Collection<UInt8>) -> Int? {
    guard header.count == headerByteCount, number(header.suffix(4)) == UInt64(CRC32C.masked(header.prefix(8))) else { return nil }
    return Int(exactly: number(header.prefix(8)))
  }

  /// Whether the check behind a content is its own.
  package static func isIntact(content: some Collection<UInt8>, footer: some Collection<UInt8>) -> Bool {
    footer.count == footerByteCount && number(footer) == UInt64(CRC32C.masked(content))
  }

  private static func littleEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }
}
