import Settings
import Tensors
import Yams

extension SourceNode {
  /// Parses one YAML document; an empty one is `null`.
  ///
  /// Unquoted texts are resolved as YAML 1.2's core schema does: only `true` and `false` are truth values, and `1e-3` is a number.
  /// - Throws: `LongtailError(.usage)` with the line of a mistake, or when a mapping has the same key twice.
  package init(yaml: String, origin: Origin, countsLines: Bool = true) throws {
    do {
      guard let node = try Yams.compose(yaml: yaml) else {
        self.init(.scalar(.null), origin: origin)
        return
      }
      try self.init(node, origin: origin, countsLines: countsLines)
    } catch let error as YamlError {
      throw SourceNode.explained(error, origin: origin, countsLines: countsLines)
    }
  }

  private init(_ node: Node, origin: Origin, countsLines: Bool) throws {
    let here = Origin(origin.source, line: countsLines ? node.mark?.line : nil)
    switch node {
    case .scalar(let scalar):
      self.init(.scalar(scalar.style == .plain ? SourceNode.resolved(scalar.string) : .string(scalar.string)), origin: here)
    case .sequence(let sequence):
      self.init(.list(try sequence.map { try SourceNode($0, origin: origin, countsLines: countsLines) }), origin: here)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        let keyOrigin = Origin(origin.source, line: countsLines ? key.mark?.line : nil)
        guard case .scalar(let name) = key else {
          throw LongtailError(.usage, "\(keyOrigin): a key has to be a plain word", advice: nil)
        }
        entries.append(
          Entry(
            key: name.string, origin: keyOrigin, value: try SourceNode(value, origin: origin, countsLines: countsLines)))
      }
      self.init(.map(entries), origin: here)
    case .alias:
      throw LongtailError(.usage, "\(here): an alias refers to nothing", advice: "Write the value out.")
    }
  }

  /// What an unquoted text means.
  package static func resolved(_ text: String) -> SettingValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    // Words such as `nan` and `infinity` would pass as numbers, hexadecimal too.
    guard let first = text.unicodeScalars.first, "+-.0123456789".unicodeScalars.contains(first),
      text.unicodeScalars.allSatisfy({ "+-.eE0123456789".unicodeScalars.contains($0) })
    else { return .string(text) }
    if let value = Int(text) { return .int(value) }
    if let value = Double(text), value.isFinite { return .double(value) }
    return .string(text)
  }

  private static func explained(_ error: YamlError, origin: Origin, countsLines: Bool) -> LongtailError {
    func at(_ mark: Mark) -> String { countsLines ? "\(origin.source):\(mark.line):\(mark.column)" : "\(origin)" }
    let advice = "Indent with blanks, not tabs, and put texts with `:`, `#` or brackets in quotes."
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      return LongtailError(.usage, "\(at(mark)): this is not YAML: \(problem)", advice: advice)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.map { "`\($0)`" }.joined(separator: ", ")
      return LongtailError(.usage, "\(at(context.mark)): given twice in one mapping: \(keys)", advice: "Keep one of them.")
    default:
      return LongtailError(.usage, "\(origin): this is not YAML: \(error)", advice: advice)
    }
  }
}
