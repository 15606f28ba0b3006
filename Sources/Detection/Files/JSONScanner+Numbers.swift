/// A number of a file: as it is, and as a whole number where it is one.
struct JSONNumber {
  var value: Double
  /// nil for fractions, for what is not finite, and for what 64 bits do not hold.
  var whole: Int?
}

extension JSONScanner {
  /// Powers of ten that a double holds exactly.
  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Reads a number, rounded correctly: with up to 2^53 for its digits and 22 places one operation is exact, all others go through
  /// `strtod`.
  mutating func number() throws -> JSONNumber {
    _ = peek()
    let start = offset
    var isNegative = false
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") {
      isNegative = true
      offset += 1
    }
    if offset < bytes.count, bytes[offset] >= UInt8(ascii: "I") { return try word(isNegative: isNegative) }

    var digits: UInt64 = 0
    var (count, places, exponent) = (0, 0, 0)
    var hasFraction = false
    while offset < bytes.count {
      let digit = bytes[offset] &- UInt8(ascii: "0")
      if digit < 10 {
        if count < 19 { digits = digits &* 10 &+ UInt64(digit) }
        if count > 0 || digit > 0 { count += 1 }
        if hasFraction { places += 1 }
      } else if bytes[offset] == UInt8(ascii: "."), !hasFraction {
        hasFraction = true
      } else {
        break
      }
      offset += 1
    }
    guard offset > start + (isNegative ? 1 : 0), bytes[offset - 1] != UInt8(ascii: ".") else { throw mistake("expected a number") }
    var hasExponent = false
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      exponent = try exponentPart()
    }
    let power = exponent - places
    if count <= 19, digits <= 1 << 53, power >= -22, power <= 22 {
      let value = power < 0 ? Double(digits) / JSONScanner.powers[-power] : Double(digits) * JSONScanner.powers[power]
      let signed = isNegative ? -value : value
      return JSONNumber(value: signed, whole: Int(exactly: signed))
    }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
    guard let value = Double(text) else { throw mistake("expected a number") }
    // Large ids are exact even where a double is not.
    return JSONNumber(value: value, whole: hasFraction || hasExponent ? Int(exactly: value) : Int(text))
  }

  private mutating func exponentPart() throws -> Int {
    offset += 1
    var isNegative = false
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+") {
      isNegative = bytes[offset] == UInt8(ascii: "-")
      offset += 1
    }
    let start = offset
    var exponent = 0
    while offset < bytes.count, bytes[offset] &- UInt8(ascii: "0") < 10 {
      exponent = min(100_000, exponent * 10 + Int(bytes[offset] - UInt8(ascii: "0")))
      offset += 1
    }
    if offset == start { throw mistake("expected an exponent") }
    return isNegative ? -exponent : exponent
  }

  /// What Python writes for numbers that are not finite.
  private mutating func word(isNegative: Bool) throws -> JSONNumber {
    if try word("NaN") { return JSONNumber(value: .nan, whole: nil) }
    if try word("Infinity") { return JSONNumber(value: isNegative ? -.infinity : .infinity, whole: nil) }
    throw mistake("expected a number")
  }
}
