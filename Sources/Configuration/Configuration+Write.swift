import Tensors

extension Configuration {
  /// Every key with its value, as YAML with a comment on each line. Reading it back gives an equal configuration.
  /// - Parameter header: lines of comment at the top.
  public func yaml(header: [String] = []) -> String {
    var copy = self
    copy.output = outputDirectory
    var writer = SectionWriter()
    copy.visit(&writer)
    return Configuration.text(of: writer.lines, header: header)
  }

  /// The listing of all keys with their defaults and meanings, as YAML.
  public static var reference: String {
    var defaults = Configuration()
    var writer = SectionWriter(listsAbsentSections: true)
    defaults.visit(&writer)
    return text(of: writer.lines, header: ["Every key of a configuration with its default. Give only what differs."])
  }

  /// All keys with their values: the form that checkpoints keep, and that `digest` is taken of.
  public var setting: SettingValue {
    var copy = self
    copy.output = outputDirectory
    var writer = SectionWriter()
    copy.visit(&writer)
    var whole: [String: SettingValue] = [:]
    for line in writer.lines {
      guard let value = line.value else { continue }
      whole = Configuration.inserted(value, at: line.path.split(separator: ".").map(String.init)[...], into: whole)
    }
    return .map(whole)
  }

  /// 64 hexadecimal digits, SHA-256 of the canonical form (one line of JSON with sorted keys, defaults included).
  /// Equal configurations have equal digests, however their files are written.
  /// - Throws: `LongtailError(.internalError)` when libcrypto refuses.
  public func digest() throws -> String { try SHA256Digest(of: setting.description).description }

  private static func inserted(_ value: SettingValue, at path: ArraySlice<String>, into map: [String: SettingValue]) -> [String:
    SettingValue]
  {
    guard let first = path.first else { return map }
    var result = map
    if path.count == 1 {
      result[first] = value
    } else {
      result[first] = .map(inserted(value, at: path.dropFirst(), into: map[first]?.mapValue ?? [:]))
    }
    return result
  }

  private static func text(of lines: [SectionWriter.Line], header: [String]) -> String {
    var text = header.map { "# \($0)\n" }.joined()
    for line in lines {
      if line.depth == 0, line.value == nil, !text.isEmpty { text += "\n" }
      let key = line.path.split(separator: ".").last.map(String.init) ?? line.path
      let value = line.value.map { " \($0.yaml)" } ?? ""
      text += String(repeating: "  ", count: line.depth) + "\(key):\(value)  # \(line.meaning)\n"
    }
    return text
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
      let inner = values.sorted { $0.key < $1.key }.map { "\(SettingValue.string($0.key).yaml): \($0.value.yaml)" }
      return "{" + inner.joined(separator: ", ") + "}"
    case .bool, .int: return description
    }
  }

  private static func isPlain(_ text: String) -> Bool {
    let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    guard let first = text.utf8.first, (65...90).contains(first) || (97...122).contains(first), !words.contains(text.lowercased()) else {
      return false
    }
    return text.utf8.allSatisfy { byte in
      (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || "_-./".utf8.contains(byte)
    }
  }
}
