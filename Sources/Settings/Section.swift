import Tensors

/// Settings that belong together: a part of the configuration, or the settings of an objective, a data set, a model or an optimizer.
///
/// Its keys are listed once, in `visit`, and that list serves for reading, checking, writing and documentation alike.
package protocol Section: Sendable, Equatable {
  /// The defaults.
  init()
  /// Shows every key to a visitor, in the order in which files have them.
  mutating func visit(_ visitor: inout some KeyVisitor)
  /// What does not fit together although every key is right by itself.
  func contradictions() -> [Contradiction]
}

extension Section {
  package func contradictions() -> [Contradiction] { [] }
}

/// Keys of one section that do not fit together.
package struct Contradiction: Sendable {
  /// The key, inside the section, to point at.
  package let key: String
  /// What is wrong and what to do.
  package let text: String

  package init(_ key: String, _ text: String) {
    self.key = key
    self.text = text
  }
}

/// Something that walks over the keys of a section: it may read the values, or change them.
package protocol KeyVisitor {
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
  package mutating func key<Value: SettingConvertible>(_ name: String, _ value: inout Value, _ meaning: String, _ checks: Check<Value>...) {
    key(name, &value, meaning, checks: checks)
  }

  /// A key that has to be given.
  package mutating func requiredKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, _ checks: Check<Value>...
  ) {
    requiredKey(name, &value, meaning, checks: checks)
  }

  /// A key that may be absent; the conditions hold where it is not.
  package mutating func optionalKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value?, _ meaning: String, _ checks: Check<Value>...
  ) {
    key(name, &value, meaning, checks: checks.map { check in Check(range: check.range) { $0.flatMap(check.problem) } })
  }
}

/// The settings of something that has none.
package struct NoSettings: Section {
  package init() {}
  package mutating func visit(_ visitor: inout some KeyVisitor) {}
}
