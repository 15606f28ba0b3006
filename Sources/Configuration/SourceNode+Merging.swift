import Settings
import Tensors

extension SourceNode {
  /// Keys that belong to the thing a section's `name` chooses. They are not inherited when the name changes:
  /// the betas of Adam mean nothing to SGD.
  private static let chosenByName: [String: Set<String>] = [
    "data": ["settings", "root"],
    "model": ["settings"],
    "objective": ["settings"],
    "optimizer": ["betas", "epsilon", "momentum", "nesterov", "settings"],
    "schedule": ["power", "minimum", "milestones", "factor"],
  ]

  /// This value with another laid over it: mappings merge key by key, anything else is replaced, and `null` takes an inherited key away.
  package func overlaid(with other: SourceNode, path: String = "") -> SourceNode {
    guard case .map(var entries) = content, case .map(let newEntries) = other.content else { return other }
    if let dropped = SourceNode.chosenByName[path], let name = other.value(of: "name")?.setting, let old = value(of: "name")?.setting,
      name != old
    {
      entries.removeAll { dropped.contains($0.key) }
    }
    for entry in newEntries {
      guard let place = entries.firstIndex(where: { $0.key == entry.key }) else {
        entries.append(entry)
        continue
      }
      let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
      entries[place] = Entry(
        key: entry.key, origin: entry.origin, value: entries[place].value.overlaid(with: entry.value, path: inner))
    }
    return SourceNode(.map(entries), origin: other.origin)
  }

  /// The value that one `--set a.b=c` stands for: a mapping with a single path to the value.
  /// - Throws: `LongtailError(.usage)` when it has no `=`, an empty key, or a value that is not YAML.
  package static func override(_ text: String) throws -> SourceNode {
    let origin = Origin("--set \(text)")
    let form = "Write it as --set section.key=value, for instance --set training.epochs=3."
    guard let equals = text.firstIndex(of: "=") else {
      throw LongtailError(.usage, "\(origin): there is no `=` in it", advice: form)
    }
    let keys = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map { String($0).trimmed }
    guard keys.allSatisfy({ !$0.isEmpty }) else {
      throw LongtailError(.usage, "\(origin): a part of the key is empty", advice: form)
    }
    var node = try SourceNode(yaml: String(text[text.index(after: equals)...]), origin: origin, countsLines: false)
    for key in keys.reversed() { node = SourceNode(.map([Entry(key: key, origin: origin, value: node)]), origin: origin) }
    return node
  }
}
