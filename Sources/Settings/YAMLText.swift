import Tensors

/// A file of settings in YAML, line by line, with a comment beside each.
package struct YAMLText {
  /// The lines so far.
  package private(set) var lines: [String] = []
  /// The column that comments begin in where the line is short enough, from 0; two blanks stand before them elsewhere.
  private let commentColumn: Int

  package init(commentColumn: Int = 0) { self.commentColumn = commentColumn }

  /// The file.
  package var text: String { lines.map { $0 + "\n" }.joined() }

  /// An empty line, unless the file is empty.
  package mutating func space() { if !lines.isEmpty { lines.append("") } }

  /// A line of comment.
  package mutating func comment(_ words: String) { lines.append(words.isEmpty ? "#" : "# \(words)") }

  /// The head of a section at the top, set apart from what is above it.
  package mutating func section(_ name: String, _ remark: String = "") {
    space()
    key(name, nil, depth: 0, remark)
  }

  /// A key with its value in one line, or the head of a section.
  /// - Parameters:
  ///   - value: the value; nil for the head of a section.
  ///   - depth: how many sections the key lies in.
  ///   - remark: the comment; empty for none.
  package mutating func key(_ name: String, _ value: SettingValue?, depth: Int = 0, _ remark: String = "") {
    append(SettingValue.yamlKey(name), value?.yaml, depth, remark)
  }

  /// A key with a mapping in one line whose keys stay in their order.
  package mutating func key(_ name: String, pairs: KeyValuePairs<String, SettingValue>, depth: Int = 0, _ remark: String = "") {
    let inner = pairs.map { "\(SettingValue.yamlKey($0.key)): \($0.value.yaml)" }.joined(separator: ", ")
    append(SettingValue.yamlKey(name), "{\(inner)}", depth, remark)
  }

  /// A key with a mapping that has a line for each of its keys.
  package mutating func key(_ name: String, spread values: [String: SettingValue], depth: Int = 0, _ remark: String = "") {
    if values.isEmpty { return key(name, .map(values), depth: depth, remark) }
    key(name, nil, depth: depth, remark)
    for (inner, value) in SettingValue.inOrder(values) { key(inner, value, depth: depth + 1) }
  }

  /// A listing of settings, each with its meaning as the comment; sections of the top are set apart.
  package mutating func settings(_ listing: [SettingLine]) {
    for line in listing {
      if line.depth == 0, line.value == nil { space() }
      key(line.path.split(separator: ".").last.map(String.init) ?? line.path, line.value, depth: line.depth, line.meaning)
    }
  }

  private mutating func append(_ key: String, _ value: String?, _ depth: Int, _ remark: String) {
    let line = String(repeating: "  ", count: depth) + "\(key):" + (value.map { " \($0)" } ?? "")
    let padding = String(repeating: " ", count: max(2, commentColumn - line.count))
    lines.append(remark.isEmpty ? line : "\(line)\(padding)# \(remark)")
  }
}

extension SettingValue {
  /// The value in one line of YAML that readers of YAML 1.1 and 1.2 take alike.
  package var yaml: String {
    switch self {
    case .null: return "null"
    case .double(let value):
      // YAML 1.1 takes a number with an exponent for a text unless it has a point.
      let text = "\(value)"
      guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
      return text[..<exponent] + ".0" + text[exponent...]
    case .string(let text): return SettingValue.isPlain(text) ? text : SettingValue.quoted(text)
    case .list(let values): return "[" + values.map(\.yaml).joined(separator: ", ") + "]"
    case .map(let values):
      return "{" + SettingValue.inOrder(values).map { "\(SettingValue.yamlKey($0.key)): \($0.value.yaml)" }.joined(separator: ", ") + "}"
    case .bool, .int: return description
    }
  }

  /// A key as YAML has it; numbers need no quotes there, as keys are texts in any case.
  static func yamlKey(_ key: String) -> String {
    if let number = UInt(key), "\(number)" == key { return key }
    return SettingValue.string(key).yaml
  }

  /// The entries of a mapping: keys that are numbers by their size, then others as texts.
  static func inOrder(_ values: [String: SettingValue]) -> [(key: String, value: SettingValue)] {
    values.sorted { (Int($0.key) ?? Int.max, $0.key) < (Int($1.key) ?? Int.max, $1.key) }
  }

  /// Whether a text without quotes can be taken for nothing else, also inside of brackets.
  private static func isPlain(_ text: String) -> Bool {
    let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    guard let first = text.utf8.first, first == UInt8(ascii: "/") || (65...90).contains(first) || (97...122).contains(first),
      !text.hasSuffix(" "), !words.contains(text.lowercased())
    else { return false }
    return text.utf8.allSatisfy { byte in
      (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || "_-./ ".utf8.contains(byte)
    }
  }
}
