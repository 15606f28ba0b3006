/// A setting as a configuration file writes it, before anybody has given it a type.
///
/// Registries (objectives, data sets, models, optimizers) take `[String: SettingValue]`, so that they need not know how files are read.
/// Cost: a plain value, copied on write.
public enum SettingValue: Sendable, Hashable {
  /// Nothing: `null`, `~` or an empty place.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A number with a fraction or an exponent.
  case double(Double)
  /// A text.
  case string(String)
  /// Several values in order.
  case list([SettingValue])
  /// Values by name.
  case map([String: SettingValue])
}

extension SettingValue {
  /// True for `null`.
  public var isNull: Bool { self == .null }

  /// The truth value, or nil when this is something else.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The whole number, also when written as `1e3`; nil when this is something else or does not fit.
  public var intValue: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, whole or not; nil when this is something else.
  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The text, or nil when this is something else.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The values of a list, or nil when this is something else.
  public var listValue: [SettingValue]? {
    if case .list(let values) = self { values } else { nil }
  }

  /// The values of a mapping, or nil when this is something else.
  public var mapValue: [String: SettingValue]? {
    if case .map(let values) = self { values } else { nil }
  }

  /// What this is, for messages: `a whole number`, `a list`, ...
  public var kind: String {
    switch self {
    case .null: "nothing"
    case .bool: "true or false"
    case .int: "a whole number"
    case .double: "a number"
    case .string: "a text"
    case .list: "a list"
    case .map: "a mapping"
    }
  }
}

extension SettingValue: CustomStringConvertible {
  /// One line of JSON with sorted keys: equal values give equal texts, so it serves as the canonical form for digests.
  /// Numbers are written in the shortest form that reads back to the same value; a whole-valued double keeps its `.0`.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): "\(value)"
    case .string(let value): SettingValue.quoted(value)
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .map(let values):
      "{"
        + values.sorted { $0.key < $1.key }.map { "\(SettingValue.quoted($0.key)): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }

  /// A text in double quotes with JSON's escapes.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension SettingValue: Codable {
  /// Reads the value that the decoder holds, whole numbers before fractions.
  /// - Throws: `DecodingError` when it is none of the seven kinds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([SettingValue].self) {
      self = .list(values)
    } else {
      self = .map(try container.decode([String: SettingValue].self))
    }
  }

  /// Writes the plain value, without a wrapper around it.
  /// - Throws: what the encoder throws, for instance for a number that is not finite in JSON.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .map(let values): try container.encode(values)
    }
  }
}

extension SettingValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral elements: SettingValue...) { self = .list(elements) }
  /// A mapping; of a name given twice the last value counts.
  public init(dictionaryLiteral elements: (String, SettingValue)...) {
    self = .map(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}
