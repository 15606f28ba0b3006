import Tensors

/// A type that a key can have.
package protocol SettingConvertible: Sendable, Equatable {
  /// What a message says was expected: `a whole number`.
  static var expectation: String { get }
  /// What a listing calls the type: `whole number`.
  static var kind: String { get }
  /// The words that it can be, where these are few; nil for anything else.
  static var words: [String]? { get }
  /// Takes the value over, or returns nil when it is of another kind.
  init?(setting: SettingValue)
  /// The value to write.
  var setting: SettingValue { get }
  /// More help for a value that does not fit, for instance the nearest allowed word.
  static func hint(for setting: SettingValue) -> String?
}

extension SettingConvertible {
  /// What was expected, without its article.
  package static var kind: String { expectation.hasPrefix("a ") ? String(expectation.dropFirst(2)) : expectation }
  package static var words: [String]? { nil }
  package static func hint(for setting: SettingValue) -> String? { nil }
}

extension Bool: SettingConvertible {
  package static var expectation: String { "true or false" }
  package init?(setting: SettingValue) {
    guard let value = setting.boolValue else { return nil }
    self = value
  }
  package var setting: SettingValue { .bool(self) }
}

extension Int: SettingConvertible {
  package static var expectation: String { "a whole number" }
  package init?(setting: SettingValue) {
    guard let value = setting.intValue else { return nil }
    self = value
  }
  package var setting: SettingValue { .int(self) }
}

extension Double: SettingConvertible {
  package static var expectation: String { "a number" }
  package init?(setting: SettingValue) {
    guard let value = setting.doubleValue else { return nil }
    self = value
  }
  package var setting: SettingValue { .double(self) }
}

extension String: SettingConvertible {
  package static var expectation: String { "a text" }
  package init?(setting: SettingValue) {
    guard let value = setting.stringValue else { return nil }
    self = value
  }
  package var setting: SettingValue { .string(self) }
  package static func hint(for setting: SettingValue) -> String? {
    switch setting {
    case .list, .map: nil
    default: "put it in quotes if it is meant as a text"
    }
  }
}

extension Array: SettingConvertible where Element: SettingConvertible {
  package static var expectation: String { "a list, each element \(Element.expectation)" }
  package static var kind: String { "list of \(Element.kind)s" }
  package init?(setting: SettingValue) {
    guard let values = setting.listValue else { return nil }
    self = values.compactMap(Element.init(setting:))
    if count != values.count { return nil }
  }
  package var setting: SettingValue { .list(map(\.setting)) }
  package static func hint(for setting: SettingValue) -> String? {
    guard let values = setting.listValue else { return "write it in brackets, such as [a, b]" }
    guard let place = values.firstIndex(where: { Element(setting: $0) == nil }) else { return nil }
    return "element \(place + 1) is \(values[place])"
  }
}

extension Optional: SettingConvertible where Wrapped: SettingConvertible {
  package static var expectation: String { "\(Wrapped.expectation) or nothing" }
  package static var kind: String { Wrapped.kind }
  package static var words: [String]? { Wrapped.words }
  package init?(setting: SettingValue) {
    if setting.isNull {
      self = .none
      return
    }
    guard let value = Wrapped(setting: setting) else { return nil }
    self = .some(value)
  }
  package var setting: SettingValue { self?.setting ?? .null }
  package static func hint(for setting: SettingValue) -> String? { Wrapped.hint(for: setting) }
}

extension Dictionary: SettingConvertible where Key == String, Value == SettingValue {
  package static var expectation: String { "a mapping" }
  /// Entries without a value are left out: `null` takes an inherited one away.
  package init?(setting: SettingValue) {
    guard let values = setting.mapValue else { return nil }
    self = values.compactMapValues { $0.withoutNulls }
  }
  package var setting: SettingValue { .map(self) }
}

extension SettingValue {
  /// The value with the empty places of its mappings left out; nil for `null` itself.
  fileprivate var withoutNulls: SettingValue? {
    switch self {
    case .null: nil
    case .map(let values): .map(values.compactMapValues(\.withoutNulls))
    default: self
    }
  }

  /// What stands for a name: texts, but also the numbers and truth values that an unquoted name in a file may look like.
  package var nameValue: String? {
    switch self {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    case .bool(let flag): String(flag)
    case .null, .list, .map: nil
    }
  }
}

/// A key that takes one of a few words.
package protocol Choice: SettingConvertible, RawRepresentable<String>, CaseIterable {}

extension Choice {
  package static var expectation: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
  package static var kind: String { "word" }
  package static var words: [String]? { allCases.map(\.rawValue) }
  /// Words may look like numbers or truth values.
  package init?(setting: SettingValue) {
    guard let word = setting.nameValue else { return nil }
    self.init(rawValue: word)
  }
  package var setting: SettingValue { .string(rawValue) }
  package static func hint(for setting: SettingValue) -> String? {
    guard let word = setting.nameValue, let near = nearest(word, among: allCases.map(\.rawValue)) else { return nil }
    return "did you mean `\(near)`?"
  }
}

/// A text, also where a file writes it so that it looks like a number or a truth value.
package struct Name: SettingConvertible {
  /// The text.
  package let text: String

  package init(_ text: String) { self.text = text }

  package static var expectation: String { "a name" }
  package init?(setting: SettingValue) {
    guard let text = setting.nameValue else { return nil }
    self.init(text)
  }
  package var setting: SettingValue { .string(text) }
}
