import Tensors

/// The things of one kind that configurations name: all objectives, all data sets, and so on.
package struct Registry<Input, Product>: Sendable {
  /// One of them in a message: `data set`.
  package let kind: String
  private let list: @Sendable () -> [RegistryEntry<Input, Product>]

  /// A registry of everything in a list.
  package init(_ list: ExtensibleList<RegistryEntry<Input, Product>>) { self.init(list) { $0 } }

  /// A registry of everything in a list whose elements know more than the entry.
  package init<Element: Sendable>(_ list: ExtensibleList<Element>, _ entry: @escaping @Sendable (Element) -> RegistryEntry<Input, Product>)
  {
    kind = list.kind
    self.list = { list.elements.map(entry) }
  }

  /// All of them, in the order of the documentation; those that a program has registered stand last.
  package var entries: [RegistryEntry<Input, Product>] { list() }

  /// The names, in the order of `entries`.
  package var names: [String] { entries.map(\.name) }

  /// The one of a name.
  /// - Throws: `LongtailError(.usage)` with the nearest name and all of them.
  package func entry(_ name: String) throws -> RegistryEntry<Input, Product> {
    let entries = entries
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError(.usage, "there is no \(kind) '\(name)'", advice: nearestHint(name, among: entries.map(\.name)))
    }
    return entry
  }

  /// Refuses an unknown name, and settings that the thing does not know or take. Makes nothing.
  /// - Throws: `LongtailError(.usage)` with the nearest known name.
  package func check(_ name: String, _ values: [String: SettingValue]) throws { try entry(name).check(values, kind: kind) }

  /// Makes the one of a name.
  /// - Throws: as `check`, and what making it throws.
  package func make(_ name: String, _ values: [String: SettingValue], _ input: Input) throws -> Product {
    try entry(name).make(values, input, kind: kind)
  }

  /// What people may read about all of them.
  /// - Parameters:
  ///   - name: the kind as a command takes it: `dataset`.
  ///   - summary: what such a thing is, in a few words.
  ///   - place: where a configuration has their settings, as a sentence.
  package func description(name: String, summary: String, place: String) -> KindDescription {
    KindDescription(
      name: name, summary: summary, place: place,
      entries: entries.map {
        EntryDescription(name: $0.name, summary: $0.summary, about: $0.about, source: $0.source, settings: $0.settings)
      })
  }
}

extension ExtensibleList {
  /// A list of entries.
  package convenience init<Input, Product>(
    _ kind: String, _ entries: [RegistryEntry<Input, Product>], period: RegistrationPeriod = .program
  )
  where Element == RegistryEntry<Input, Product> {
    self.init(kind, entries, period: period) { $0.name }
  }
}
