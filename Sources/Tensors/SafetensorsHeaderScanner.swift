/// Reads the JSON that begins a safetensors file, and nothing else: an object of objects, with exactly the keys that the format knows.
///
/// A general JSON parser would keep the last of two equal keys silently and would follow any depth of nesting. This one has no recursion:
/// whatever the format does not foresee is an error at the byte where it appears. Memory is bounded by the header's length.
struct SafetensorsHeaderScanner {
  /// An entry as written, not yet checked against the data.
  struct Entry {
    var name: String
    var elementType: ElementType
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  /// What is wrong, without the file's name.
  struct Failure: Error {
    var reason: String
    var tensor: String?
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]

  private let bytes: [UInt8]
  private var position = 0
  private var tensor: String?

  /// Scans a header that was checked to be UTF-8.
  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    if bytes.first != UInt8(ascii: "{") { throw failure("the header does not begin with '{'") }
    var names = Set<String>()
    try object { scanner, name in
      scanner.tensor = name
      if !names.insert(name).inserted { throw scanner.failure("the name appears twice in the header") }
      if name == "__metadata__" {
        try scanner.scanMetadata()
      } else {
        try scanner.scanEntry(name)
      }
      scanner.tensor = nil
    }
    skipSpace()
    if position != bytes.count { throw failure("unexpected text after the end of the header") }
  }

  private mutating func scanMetadata() throws {
    var found: [String: String] = [:]
    try object { scanner, key in
      let value = try scanner.string()
      if found.updateValue(value, forKey: key) != nil { throw scanner.failure("the key '\(key)' appears twice") }
    }
    metadata = found
  }

  private mutating func scanEntry(_ name: String) throws {
    var elementType: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try object { scanner, key in
      switch key {
      case "dtype":
        if elementType != nil { throw scanner.failure("'dtype' appears twice") }
        let text = try scanner.string()
        guard let known = ElementType(rawValue: text) else { throw scanner.failure("unknown element type '\(text)'") }
        elementType = known
      case "shape":
        if shape != nil { throw scanner.failure("'shape' appears twice") }
        shape = try scanner.integers()
      case "data_offsets":
        if offsets != nil { throw scanner.failure("'data_offsets' appears twice") }
        offsets = try scanner.integers()
      default: throw scanner.failure("unknown key '\(key)'")
      }
    }
    guard let elementType, let shape, let offsets else {
      throw failure("'dtype', 'shape' and 'data_offsets' are needed, at least one is missing")
    }
    if offsets.count != 2 { throw failure("'data_offsets' holds \(offsets.count) numbers, expected 2") }
    entries.append(Entry(name: name, elementType: elementType, shape: shape, begin: offsets[0], end: offsets[1]))
  }

  private mutating func object(_ member: (inout Self, String) throws -> Void) throws {
    try expect("{")
    if accept("}") { return }
    repeat {
      skipSpace()
      let key = try string()
      try expect(":")
      skipSpace()
      try member(&self, key)
    } while accept(",")
    try expect("}")
  }

  private mutating func integers() throws -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if accept("]") { return numbers }
    repeat { numbers.append(try integer()) } while accept(",")
    try expect("]")
    return numbers
  }

  private mutating func integer() throws -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position], digit >= 48, digit <= 57 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(digit - 48))
      if overflow || carry { throw failure("a number does not fit in 63 bits") }
      value = sum
      position += 1
    }
    if position == start { throw failure("expected a whole number that is not negative") }
    if bytes[start] == 48, position > start + 1 { throw failure("a number begins with a superfluous zero") }
    return value
  }

  private mutating func string() throws -> String {
    skipSpace()
    if position >= bytes.count || bytes[position] != UInt8(ascii: "\"") { throw failure("expected a text in quotes") }
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
      case 0..<32: throw failure("a control character in a text")
      default: text.append(byte)
      }
    }
    throw failure("the header ends within a text")
  }

  private mutating func escape() throws -> [UInt8] {
    if position >= bytes.count { throw failure("the header ends within a text") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if code >> 10 == 0b110110, bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        position += 2
        let low = try codeUnit()
        if low >> 10 != 0b110111 { throw failure("half of a surrogate pair in a text") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair in a text") }
      return Array(String(Character(scalar)).utf8)
    default: throw failure("an unknown escape in a text")
    }
  }

  private mutating func codeUnit() throws -> UInt32 {
    if position + 4 > bytes.count { throw failure("the header ends within a text") }
    let digits = bytes[position..<position + 4]
    position += 4
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("an escape with something else than hexadecimal digits") }
    return value
  }

  private mutating func skipSpace() {
    while position < bytes.count, [32, 10, 13, 9].contains(bytes[position]) { position += 1 }
  }

  private mutating func accept(_ token: Unicode.Scalar) -> Bool {
    skipSpace()
    if position >= bytes.count || bytes[position] != UInt8(ascii: token) { return false }
    position += 1
    return true
  }

  private mutating func expect(_ token: Unicode.Scalar) throws {
    if !accept(token) { throw failure("expected '\(token)'") }
  }

  private func failure(_ reason: String) -> Failure {
    Failure(reason: "\(reason) (byte \(position) of the header)", tensor: tensor)
  }
}
