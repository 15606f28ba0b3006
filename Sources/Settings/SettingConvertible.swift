import Tensors

/// A type that a key can have.
public protocol SettingConvertible: Sendable, Equatable {
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
  public static var kind: String { expectation.hasPrefix("a ") ? String(expectation.dropFirst(2)) : expectation }
  /// The words that it can be.
  public static var words: [String]? { nil }
  /// More help for a value that does not fit.
  public static func hint(for setting: SettingValue) -> String? { nil }
}

extension Bool: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "true or false" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let value = setting.boolValue else { return nil }
    self = value
  }
  /// The value to write.
  public var setting: SettingValue { .bool(self) }
}

extension Int: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "a whole number" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let value = setting.intValue else { return nil }
    self = value
  }
  /// The value to write.
  public var setting: SettingValue { .int(self) }
}

extension Double: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "a number" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let value = setting.doubleValue else { return nil }
    self = value
  }
  /// The value to write.
  public var setting: SettingValue { .double(self) }
}

extension String: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "a text" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let value = setting.stringValue else { return nil }
    self = value
  }
  /// The value to write.
  public var setting: SettingValue { .string(self) }
  /// More help for a value that does not fit.
  public static func hint(for setting: SettingValue) -> String? {
    switch setting {
    case .list, .map: nil
    default: "put it in quotes if it is meant as a text"
    }
  }
}

extension Array: SettingConvertible where Element: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "a list, each element \(Element.expectation)" }
  /// What a listing calls the type.
  public static var kind: String { "list of \(Element.kind)s" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let values = setting.listValue else { return nil }
    self = values.compactMap(Element.init(setting:))
    if count != values.count { return nil }
  }
  /// The value to write.
  public var setting: SettingValue { .list(map(\.setting)) }
  /// More help for a value that does not fit.
  public static func hint(for setting: SettingValue) -> String? {
    guard let values = setting.listValue else { return "write it in brackets, such as [a, b]" }
    guard let place = values.firstIndex(where: { Element(setting: $0) == nil }) else { return nil }
    let more = Element.hint(for: values[place]).map { "; \($0)" } ?? ""
    return "element \(place + 1) is \(values[place])\(more)"
  }
}

extension Optional: SettingConvertible where Wrapped: SettingConvertible {
  /// What a message says was expected.
  public static var expectation: String { "\(Wrapped.expectation) or nothing" }
  /// What a listing calls the type.
  public static var kind: String { Wrapped.kind }
  /// The words that it can be.
  public static var words: [String]? { Wrapped.words }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    if setting.isNull {
      self = .none
      return
    }
    guard let value = Wrapped(setting: setting) else { return nil }
    self = .some(value)
  }
  /// The value to write.
  public var setting: SettingValue { self?.setting ?? .null }
  /// More help for a value that does not fit.
  public static func hint(for setting: SettingValue) -> String? { Wrapped.hint(for: setting) }
}

extension Dictionary: SettingConvertible where Key == String, Value == SettingValue {
  /// What a message says was expected.
  public static var expectation: String { "a mapping" }
  /// Entries without a value are left out: `null` takes an inherited one away.
  public init?(setting: SettingValue) {
    guard let values = setting.mapValue else { return nil }
    self = values.compactMapValues { $0.withoutNulls }
  }
  /// The value to write.
  public var setting: SettingValue { .map(self) }
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
public protocol Choice: SettingConvertible, RawRepresentable<String>, CaseIterable {}

extension Choice {
  /// What a message says was expected.
  public static var expectation: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
  /// What a listing calls the type.
  public static var kind: String { "word" }
  /// The words that it can be.
  public static var words: [String]? { allCases.map(\.rawValue) }
  /// Words may look like numbers or truth values.
  public init?(setting: SettingValue) {
    guard let word = setting.nameValue else { return nil }
    self.init(rawValue: word)
  }
  /// The value to write.
  public var setting: SettingValue { .string(rawValue) }
  /// More help for a value that does not fit.
  public static func hint(for setting: SettingValue) -> String? {
    guard let word = setting.nameValue, let near = nearest(word, among: allCases.map(\.rawValue)) else { return nil }
    return "did you mean `\(near)`?"
  }
}

/// A text, also where a file writes it so that it looks like a number or a truth value.
public struct Name: SettingConvertible {
  /// The text.
  public let text: String

  /// Names something.
  public init(_ text: String) { self.text = text }

  /// What a message says was expected.
  public static var expectation: String { "a name" }
  /// Takes the value over, or is nil for one of another kind.
  public init?(setting: SettingValue) {
    guard let text = setting.nameValue else { return nil }
    self.init(text)
  }
  /// The value to write.
  public var setting: SettingValue { .string(text) }
  /// More help for a value that does not fit: a word that means nothing in YAML may be a name.
  public static func hint(for setting: SettingValue) -> String? {
    setting.isNull ? "a name that reads null or ~ is put in quotes" : nil
  }
}
