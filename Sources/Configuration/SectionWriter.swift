import Tensors

/// Notes every key of a configuration with its value and meaning, in order.
package struct SectionWriter: KeyVisitor {
  /// One line of the listing.
  package struct Line {
    /// The whole key, such as `data.loader.threads`.
    package var path: String
    /// The value; nil for the head of a section.
    package var value: SettingValue?
    package var meaning: String
    /// How many sections it lies in.
    package var depth: Int
  }

  package private(set) var lines: [Line] = []
  private var path: [String] = []
  private let listsAbsentSections: Bool

  /// - Parameter listsAbsentSections: show the keys of sections that are not there too, for documentation.
  package init(listsAbsentSections: Bool = false) { self.listsAbsentSections = listsAbsentSections }

  private func joined(_ name: String) -> String { (path + [name]).joined(separator: ".") }

  package mutating func key<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    lines.append(Line(path: joined(name), value: value.setting, meaning: meaning, depth: path.count))
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part, _ meaning: String) {
    lines.append(Line(path: joined(name), value: nil, meaning: meaning, depth: path.count))
    path.append(name)
    part.visit(&self)
    path.removeLast()
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part?, _ meaning: String) {
    if var present = part ?? (listsAbsentSections ? Part() : nil) {
      section(name, &present, meaning)
    } else {
      lines.append(Line(path: joined(name), value: .null, meaning: meaning, depth: path.count))
    }
  }
}
