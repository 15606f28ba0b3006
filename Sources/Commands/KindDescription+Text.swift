import Reports
import Settings
import Tensors

extension KindDescription {
  /// The kinds with the names of what there is of each, for a terminal.
  static func text(of kinds: [KindDescription]) -> String {
    let width = kinds.map(\.name.count).max() ?? 0
    var lines =
      wrapped("What a configuration can say. longtail describe KIND lists a kind, longtail describe KIND NAME describes one of them.") + [
        ""
      ]
    for kind in kinds {
      lines.append(kind.name + String(repeating: " ", count: width - kind.name.count + 2) + kind.summary)
      lines += wrapped(kind.entries.map(\.name).joined(separator: ", "), indented: width + 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What there is of the kind, one a line, for a terminal.
  var text: String {
    let width = entries.map(\.name.count).max() ?? 0
    let list = entries.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.summary }
    return (["\(name): \(summary). \(place)", ""] + list).joined(separator: "\n") + "\n"
  }

  /// The kind, and what there is of it without settings.
  var json: JSONValue {
    .members([
      "kind": .string(name), "summary": .string(summary), "place": .string(place),
      "entries": .array(entries.map { .members(["name": .string($0.name), "summary": .string($0.summary)]) }),
    ])
  }
}

extension EntryDescription {
  /// All that is known about the thing, for a terminal.
  func text(of kind: KindDescription) -> String {
    var lines = ["\(kind.name) \(name): \(summary)"]
    if !about.isEmpty { lines += [""] + wrapped(about) }
    if let source { lines += wrapped("Source: \(source)") }
    if settings.isEmpty { return (lines + ["", "It has no settings."]).joined(separator: "\n") + "\n" }
    lines += [""] + wrapped(kind.place)
    for setting in settings {
      lines += ["", setting.path]
      // The head of a section has neither a type nor a value of its own.
      if setting.value != nil { lines += wrapped("\(setting.form); \(setting.defaultPhrase)", indented: 4) }
      lines += wrapped(setting.meaning, indented: 4)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// All that is known about the thing.
  func json(of kind: KindDescription) -> JSONValue {
    .members([
      "kind": .string(kind.name), "name": .string(name), "summary": .string(summary), "about": .string(about),
      "source": source.map(JSONValue.string) ?? .null, "place": .string(kind.place),
      "settings": .array(
        settings.map { setting in
          .members([
            "key": .string(setting.path), "type": .string(setting.kind), "range": setting.range.map(JSONValue.string) ?? .null,
            "required": .bool(setting.isRequired),
            "default": setting.isRequired ? .null : setting.value.map { JSONValue($0) } ?? .null, "meaning": .string(setting.meaning),
          ])
        }),
    ])
  }
}

extension SettingLine {
  /// `default 0.5`, `no default`, or that it has to be given.
  fileprivate var defaultPhrase: String {
    if isRequired { return "has to be given" }
    return value?.isNull ?? true ? "not given by default" : "default \(defaultText)"
  }
}

extension JSONValue {
  /// A setting; mappings have their keys in order.
  fileprivate init(_ setting: SettingValue) {
    switch setting {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .double(let number): self = .double(number)
    case .string(let text): self = .string(text)
    case .list(let values): self = .array(values.map { JSONValue($0) })
    case .map(let values): self = .object(values.sorted { $0.key < $1.key }.map { Member($0.key, JSONValue($0.value)) })
    }
  }
}

/// Words in lines of at most 100 columns.
private func wrapped(_ text: String, indented: Int = 0) -> [String] {
  let blank = String(repeating: " ", count: indented)
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, indented + line.count + 1 + word.count > 100 {
      lines.append(blank + line)
      line = ""
    }
    line += line.isEmpty ? String(word) : " \(word)"
  }
  return line.isEmpty ? lines : lines + [blank + line]
}
