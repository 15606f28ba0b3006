/// A mistake in JSON text, by its place.
struct JSONMistake: Error {
  /// The byte where it was seen.
  var offset: Int
  /// What is wrong there.
  var what: String
}

/// Walks JSON text once, value by value, without building a tree: files of annotations are read into plain arrays as they pass.
///
/// It takes what Python's `json` writes, `NaN` and `Infinity` too. The bytes have to outlive it; it is used inside `JSONScanner.scan`
/// alone. Cost: about 3 ns a byte, no memory but for texts.
struct JSONScanner {
  /// What a value is, by its first byte.
  enum Kind {
    case number, text, object, list, truth, null
  }

  /// Values may be nested this deep.
  private static let depthLimit = 256

  let bytes: UnsafeBufferPointer<UInt8>
  var offset = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  func mistake(_ what: String) -> JSONMistake { JSONMistake(offset: offset, what: offset < bytes.count ? what : "the file ends here") }

  /// The next byte that is not blank; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte > 0x20 || (byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09) { return byte }
      offset += 1
    }
    return 0
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8, _ name: StaticString) throws {
    guard peek() == byte, offset < bytes.count else { throw mistake("expected \(name)") }
    offset += 1
  }

  /// What comes next.
  mutating func kind() throws -> Kind {
    switch peek() {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .list
    case UInt8(ascii: "\""): return .text
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .truth
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"), UInt8(ascii: "I"): return .number
    default: throw mistake("expected a value")
    }
  }

  /// Calls `member` for each member of an object; it has to read the value.
  @inline(__always)
  mutating func object(_ member: (inout JSONScanner, JSONKey) throws -> Void) throws {
    try take(UInt8(ascii: "{"), "an object")
    if peek() == UInt8(ascii: "}") {
      offset += 1
      return
    }
    while true {
      let key = try key()
      try take(UInt8(ascii: ":"), "a colon")
      try member(&self, key)
      let next = peek()
      guard offset < bytes.count, next == UInt8(ascii: ",") || next == UInt8(ascii: "}") else { throw mistake("expected a comma or }") }
      offset += 1
      if next == UInt8(ascii: "}") { return }
    }
  }

  /// Calls `element` for each element of a list; it has to read the value.
  @inline(__always)
  mutating func list(_ element: (inout JSONScanner, Int) throws -> Void) throws {
    try take(UInt8(ascii: "["), "a list")
    if peek() == UInt8(ascii: "]") {
      offset += 1
      return
    }
    var place = 0
    while true {
      try element(&self, place)
      place += 1
      let next = peek()
      guard offset < bytes.count, next == UInt8(ascii: ",") || next == UInt8(ascii: "]") else { throw mistake("expected a comma or ]") }
      offset += 1
      if next == UInt8(ascii: "]") { return }
    }
  }

  private mutating func key() throws -> JSONKey {
    let range = try quoted()
    let part = UnsafeBufferPointer(rebasing: bytes[range.bytes])
    return JSONKey(bytes: part, decoded: range.hasEscapes ? try JSONText.decoded(part, at: range.bytes.lowerBound) : nil)
  }

  /// The bytes between quotes.
  private mutating func quoted() throws -> (bytes: Range<Int>, hasEscapes: Bool) {
    try take(UInt8(ascii: "\""), "a text in quotes")
    let start = offset
    var hasEscapes = false
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        offset += 1
        return (start..<offset - 1, hasEscapes)
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        offset += 1
      } else if byte < 0x20 {
        throw mistake("a line end or another control character within a text")
      }
      offset += 1
    }
    offset = bytes.count
    throw mistake("")
  }

  /// A text.
  mutating func text() throws -> String {
    let range = try quoted()
    let part = UnsafeBufferPointer(rebasing: bytes[range.bytes])
    if range.hasEscapes { return try JSONText.decoded(part, at: range.bytes.lowerBound) }
    guard let text = String(validating: part, as: UTF8.self) else {
      throw JSONMistake(offset: range.bytes.lowerBound, what: "a text that is not UTF-8")
    }
    return text
  }

  /// The bytes of a text without escapes; nil where it has some.
  mutating func plainText() throws -> UnsafeBufferPointer<UInt8>? {
    let range = try quoted()
    return range.hasEscapes ? nil : UnsafeBufferPointer(rebasing: bytes[range.bytes])
  }

  /// `true` or `false`.
  mutating func truth() throws -> Bool {
    if try word("true") { return true }
    guard try word("false") else { throw mistake("expected true or false") }
    return false
  }

  /// Takes a word, if it is the next one.
  mutating func word(_ word: StaticString) throws -> Bool {
    _ = peek()
    let count = word.utf8CodeUnitCount
    guard bytes.count - offset >= count else { return false }
    for k in 0..<count where bytes[offset + k] != word.utf8Start[k] { return false }
    offset += count
    return true
  }

  /// Passes over a value of any kind.
  mutating func skip() throws { try skip(depth: 0) }

  private mutating func skip(depth: Int) throws {
    guard depth < JSONScanner.depthLimit else { throw mistake("values are nested more than \(JSONScanner.depthLimit) deep") }
    switch try kind() {
    case .object: try object { scanner, _ in try scanner.skip(depth: depth + 1) }
    case .list: try list { scanner, _ in try scanner.skip(depth: depth + 1) }
    case .text: _ = try quoted()
    case .number: _ = try number()
    case .truth: _ = try truth()
    case .null: guard try word("null") else { throw mistake("expected a value") }
    }
  }

  /// Nothing but blanks may be left.
  mutating func end() throws {
    _ = peek()
    if offset < bytes.count { throw mistake("text after the end of the value") }
  }
}

/// The name of a member, compared byte by byte with names that the source has.
struct JSONKey {
  let bytes: UnsafeBufferPointer<UInt8>
  /// The name, where it was written with escapes.
  let decoded: String?

  /// Lets `switch` compare.
  @inline(__always)
  static func ~= (name: StaticString, key: JSONKey) -> Bool {
    if let decoded = key.decoded { return decoded == name.description }
    guard name.utf8CodeUnitCount == key.bytes.count else { return false }
    for k in 0..<key.bytes.count where key.bytes[k] != name.utf8Start[k] { return false }
    return true
  }
}

extension JSONScanner {
  /// Takes `[]` or `null`; where it is neither, the place it leaves off at means nothing.
  mutating func isEmptyList() throws -> Bool {
    switch try kind() {
    case .null: return try word("null")
    case .list:
      offset += 1
      guard peek() == UInt8(ascii: "]") else { return false }
      offset += 1
      return true
    default: return false
    }
  }
}
