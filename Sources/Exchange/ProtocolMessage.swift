/// A message of Protocol Buffers while it is written: fields one after the other, as their numbers and kinds say.
///
/// Enough for ONNX and TensorBoard; nothing is checked against a schema.
/// Source: the encoding as documented at protobuf.dev.
package struct ProtocolMessage: Sendable, Equatable {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  /// An empty message.
  package init() {}

  /// Kinds of fields on the wire.
  enum Kind: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }

  /// Adds a whole number; negative ones take ten bytes, as `int32` and `int64` have it.
  package mutating func add(_ field: Int, _ value: Int64) {
    key(field, .varint)
    varint(UInt64(bitPattern: value))
  }

  /// Adds a double.
  package mutating func add(_ field: Int, _ value: Double) {
    key(field, .fixed64)
    fixed(value.bitPattern)
  }

  /// Adds a float.
  package mutating func add(_ field: Int, _ value: Float) {
    key(field, .fixed32)
    fixed(value.bitPattern)
  }

  /// Adds a text.
  package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  /// Adds bytes.
  package mutating func add(_ field: Int, _ content: [UInt8]) {
    key(field, .bytes)
    varint(UInt64(content.count))
    bytes += content
  }

  /// Adds a message in the message.
  package mutating func add(_ field: Int, _ message: ProtocolMessage) { add(field, message.bytes) }

  /// Adds doubles in one packed field.
  package mutating func add(_ field: Int, packed values: [Double]) {
    key(field, .bytes)
    varint(UInt64(values.count * 8))
    bytes.reserveCapacity(bytes.count + values.count * 8)
    for value in values { fixed(value.bitPattern) }
  }

  /// Adds floats as raw bytes, little-endian.
  package mutating func add(_ field: Int, raw values: [Float]) {
    key(field, .bytes)
    varint(UInt64(values.count * 4))
    bytes.reserveCapacity(bytes.count + values.count * 4)
    for value in values { fixed(value.bitPattern) }
  }

  private mutating func key(_ field: Int, _ kind: Kind) { varint(UInt64(field) << 3 | kind.rawValue) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func fixed<Number: FixedWidthInteger>(_ value: Number) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// A message of Protocol Buffers while it is read: its fields in the order in which they stand.
package struct ProtocolFields: Sequence, IteratorProtocol {
  /// A field's content, as far as the wire type says.
  package enum Content: Equatable {
    /// A whole number.
    case number(UInt64)
    /// Eight bytes: a double.
    case eight(UInt64)
    /// Four bytes: a float.
    case four(UInt32)
    /// A text, bytes, a message, or packed numbers.
    case bytes(ArraySlice<UInt8>)
  }

  private var rest: ArraySlice<UInt8>
  /// Whether the reading ended before the bytes did, because they are no message.
  package private(set) var isDamaged = false

  /// Begins to read.
  package init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }

  /// The next field; nil at the end, and where the bytes are no message.
  package mutating func next() -> (field: Int, content: Content)? {
    guard !rest.isEmpty, !isDamaged else { return nil }
    guard let key = varint(), let content = content(kind: key & 7) else {
      isDamaged = true
      return nil
    }
    return (Int(truncatingIfNeeded: key >> 3), content)
  }

  private mutating func content(kind: UInt64) -> Content? {
    switch ProtocolMessage.Kind(rawValue: kind) {
    case .varint: return varint().map(Content.number)
    case .fixed64: return fixed(UInt64.self).map(Content.eight)
    case .fixed32: return fixed(UInt32.self).map(Content.four)
    case .bytes:
      guard let count = varint(), count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return .bytes(rest.prefix(Int(count)))
    case nil: return nil
    }
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for (place, byte) in rest.prefix(10).enumerated() {
      value |= UInt64(byte & 0x7F) << (7 * UInt64(place))
      if byte & 0x80 == 0 {
        rest = rest.dropFirst(place + 1)
        return value
      }
    }
    return nil
  }

  private mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
    let count = MemoryLayout<Number>.size
    guard rest.count >= count else { return nil }
    let value = rest.prefix(count).enumerated().reduce(Number(0)) { $0 | Number(truncatingIfNeeded: $1.element) << (8 * $1.offset) }
    rest = rest.dropFirst(count)
    return value
  }
}
