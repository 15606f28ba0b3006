import Tensors

/// Where a piece of the configuration was written, for messages.
package struct Origin: Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it, or the override: `--set training.epochs=3`.
  package var source: String
  /// The line, from 1, where there is one.
  package var line: Int?

  package init(_ source: String, line: Int? = nil) {
    self.source = source
    self.line = line
  }

  package var description: String { line.map { "\(source):\($0)" } ?? source }
}

/// A value that remembers where it was written.
package struct SourceNode: Sendable {
  /// The three shapes of a value.
  package enum Content: Sendable {
    case scalar(SettingValue)
    case list([SourceNode])
    case map([Entry])
  }

  /// One line of a mapping.
  package struct Entry: Sendable {
    package var key: String
    /// Where the key stands; its value may begin on a later line.
    package var origin: Origin
    package var value: SourceNode

    package init(key: String, origin: Origin, value: SourceNode) {
      (self.key, self.origin, self.value) = (key, origin, value)
    }
  }

  package var content: Content
  package var origin: Origin

  package init(_ content: Content, origin: Origin) {
    self.content = content
    self.origin = origin
  }

  /// A value that comes from somewhere else than a file; mappings have their keys in order.
  package init(_ setting: SettingValue, origin: Origin) {
    switch setting {
    case .list(let values): self.init(.list(values.map { SourceNode($0, origin: origin) }), origin: origin)
    case .map(let values):
      let entries = values.sorted { $0.key < $1.key }.map {
        Entry(key: $0.key, origin: origin, value: SourceNode($0.value, origin: origin))
      }
      self.init(.map(entries), origin: origin)
    case .null, .bool, .int, .double, .string: self.init(.scalar(setting), origin: origin)
    }
  }

  /// The entries of a mapping; an empty place counts as an empty mapping.
  package var entries: [Entry]? {
    switch content {
    case .map(let entries): entries
    case .scalar(.null): []
    default: nil
    }
  }

  /// The value of a key of a mapping.
  package func value(of key: String) -> SourceNode? {
    entries?.first { $0.key == key }?.value
  }

  package var isNull: Bool {
    if case .scalar(.null) = content { true } else { false }
  }

  /// The value without its places.
  package var setting: SettingValue {
    switch content {
    case .scalar(let value): value
    case .list(let nodes): .list(nodes.map(\.setting))
    case .map(let entries): .map(Dictionary(entries.map { ($0.key, $0.value.setting) }, uniquingKeysWith: { $1 }))
    }
  }
}
