import Tensors

/// Settings that belong together: a part of the configuration, or the settings of an objective, a data set, a model or an optimizer.
///
/// Its keys are listed once, in `visit`, and that list serves for reading, checking, writing and documentation alike.
public protocol Section: Sendable, Equatable {
  /// The defaults.
  init()
  /// Shows every key to a visitor, in the order in which files have them.
  mutating func visit(_ visitor: inout some KeyVisitor)
  /// What does not fit together although every key is right by itself.
  func contradictions() -> [Contradiction]
}

extension Section {
  /// Nothing.
  public func contradictions() -> [Contradiction] { [] }
}

/// Keys of one section that do not fit together.
public struct Contradiction: Sendable {
  /// The key, inside the section, to point at.
  public let key: String
  /// What is wrong and what to do.
  public let text: String

  /// Points at a key, and says what is wrong and what to do.
  public init(_ key: String, _ text: String) {
    self.key = key
    self.text = text
  }
}

/// Something that walks over the keys of a section: it may read the values, or change them.
public protocol KeyVisitor {
  /// A key with a value of its own.
  mutating func key<Value: SettingConvertible>(_ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>])
  /// A key that has no default: whoever writes the section has to give it.
  mutating func requiredKey<Value: SettingConvertible>(_ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>])
  /// A key with further keys below it.
  mutating func section<Part: Section>(_ name: String, _ part: inout Part, _ meaning: String)
  /// A section that may be absent as a whole.
  mutating func section<Part: Section>(_ name: String, _ part: inout Part?, _ meaning: String)
}

extension KeyVisitor {
  /// A key with a value of its own; the conditions have to hold.
  public mutating func key<Value: SettingConvertible>(_ name: String, _ value: inout Value, _ meaning: String, _ checks: Check<Value>...) {
    key(name, &value, meaning, checks: checks)
  }

  /// A key that has to be given.
  public mutating func requiredKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, _ checks: Check<Value>...
  ) {
    requiredKey(name, &value, meaning, checks: checks)
  }

  /// A key that may be absent; the conditions hold where it is not.
  public mutating func optionalKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value?, _ meaning: String, _ checks: Check<Value>...
  ) {
    key(name, &value, meaning, checks: checks.map { check in Check(range: check.range) { $0.flatMap(check.problem) } })
  }
}

/// The settings of something that has none.
public struct NoSettings: Section {
  /// There is nothing to set.
  public init() {}
  /// There are no keys.
  public mutating func visit(_ visitor: inout some KeyVisitor) {}
}
