import Tensors

/// Notes every key of a section with its value, its type, its range and its meaning, in order.
package struct SectionWriter: KeyVisitor {
  package private(set) var lines: [SettingLine] = []
  private var path: [String] = []
  private let listsAbsentSections: Bool

  /// - Parameter listsAbsentSections: show the keys of sections that are not there too, for documentation.
  package init(listsAbsentSections: Bool = false) { self.listsAbsentSections = listsAbsentSections }

  /// The lines of a section.
  package static func lines(of section: some Section, listsAbsentSections: Bool = false) -> [SettingLine] {
    var section = section
    var writer = SectionWriter(listsAbsentSections: listsAbsentSections)
    section.visit(&writer)
    return writer.lines
  }

  private mutating func add<Value: SettingConvertible>(_ name: String, _ value: Value, _ meaning: String, _ checks: [Check<Value>]) {
    let ranges = checks.compactMap(\.range)
    lines.append(
      SettingLine(
        path: joined(name), value: value.setting, meaning: meaning, depth: path.count, kind: Value.kind,
        range: Value.words?.joined(separator: " | ") ?? (ranges.isEmpty ? nil : ranges.joined(separator: ", ")),
        // What the key's own conditions refuse is no default.
        isRequired: checks.contains { $0.problem(value) != nil }))
  }

  private func joined(_ name: String) -> String { (path + [name]).joined(separator: ".") }

  package mutating func key<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    add(name, value, meaning, checks)
  }

  package mutating func requiredKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    add(name, value, meaning, checks)
    lines[lines.count - 1].isRequired = true
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part, _ meaning: String) {
    lines.append(SettingLine(path: joined(name), value: nil, meaning: meaning, depth: path.count))
    path.append(name)
    part.visit(&self)
    path.removeLast()
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part?, _ meaning: String) {
    if var present = part ?? (listsAbsentSections ? Part() : nil) {
      section(name, &present, meaning)
    } else {
      lines.append(SettingLine(path: joined(name), value: .null, meaning: meaning, depth: path.count))
    }
  }
}

/// One line of a listing of settings.
package struct SettingLine: Sendable, Equatable {
  /// The whole key, such as `data.loader.threads`.
  package var path: String
  /// The value; nil for the head of a section.
  package var value: SettingValue?
  /// What it is for.
  package var meaning: String
  /// How many sections it lies in.
  package var depth: Int
  /// Its type in a word or two, such as `whole number`; empty for the head of a section.
  package var kind = ""
  /// The values it may have, where the type does not say it all.
  package var range: String?
  /// Whether it has to be given.
  package var isRequired = false

  /// Type and range: `number, at least 0`.
  package var form: String { [kind, range].compactMap(\.self).joined(separator: ", ") }

  /// The default for a listing: the value as YAML, a dash for none.
  package var defaultText: String {
    if isRequired { return "required" }
    guard let value, !value.isNull else { return "-" }
    return value.yaml
  }
}
