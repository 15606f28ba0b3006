import Tensors

/// JSON with keys in the order given and numbers in the shortest form that reads back exactly, so that equal values give equal bytes.
package enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A number. JSON has no sign for what is not finite: it is written as the text "nan", "inf" or "-inf".
  case double(Double)
  /// A text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Named values in order.
  case object([Member])

  /// A named value.
  package struct Member: Sendable, Equatable {
    /// The name.
    package var key: String
    /// The value.
    package var value: JSONValue

    /// Names a value.
    package init(_ key: String, _ value: JSONValue) { (self.key, self.value) = (key, value) }

    /// Names values, in order.
    package static func list(_ pairs: KeyValuePairs<String, JSONValue>) -> [Member] { pairs.map { Member($0.key, $0.value) } }
  }

  /// An object from pairs.
  package static func members(_ pairs: KeyValuePairs<String, JSONValue>) -> JSONValue { .object(pairs.map { Member($0.key, $0.value) }) }

  /// A number, or `null` where there is none.
  package static func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }

  /// One line without blanks.
  package var line: String {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value):
      return value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
    case .string(let text): return SettingValue.quoted(text)
    case .array(let values): return "[" + values.map(\.line).joined(separator: ",") + "]"
    case .object(let members): return "{" + members.map { "\(SettingValue.quoted($0.key)):\($0.value.line)" }.joined(separator: ",") + "}"
    }
  }

  /// Indented by two blanks, one member or element a line, with a line end.
  package var pretty: String { indented(0) + "\n" }

  private func indented(_ depth: Int) -> String {
    let (outer, inner) = (String(repeating: "  ", count: depth), String(repeating: "  ", count: depth + 1))
    switch self {
    case .array(let values) where !values.isEmpty:
      return "[\n" + values.map { inner + $0.indented(depth + 1) }.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members) where !members.isEmpty:
      return "{\n"
        + members.map { "\(inner)\(SettingValue.quoted($0.key)): \($0.value.indented(depth + 1))" }.joined(separator: ",\n") + "\n\(outer)}"
    default: return line
    }
  }
}
