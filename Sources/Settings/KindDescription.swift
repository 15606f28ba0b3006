import Tensors

/// What people may read about a kind of things that configurations name.
package struct KindDescription: Sendable {
  /// The kind as a command takes it: `objective`.
  package let name: String
  /// What such a thing is, in a few words.
  package let summary: String
  /// Where a configuration has its settings, as a sentence.
  package let place: String
  /// The things, in the order of the documentation.
  package let entries: [EntryDescription]

  package init(name: String, summary: String, place: String, entries: [EntryDescription]) {
    (self.name, self.summary, self.place, self.entries) = (name, summary, place, entries)
  }

  /// The thing of a name.
  /// - Throws: `LongtailError(.usage)` with the nearest name and all of them.
  package func entry(_ name: String) throws -> EntryDescription {
    guard let entry = entries.first(where: { $0.name == name }) else {
      let names = entries.map(\.name)
      throw LongtailError(.usage, "there is no \(self.name) '\(name)'", advice: nearestHint(name, among: names))
    }
    return entry
  }
}

/// What people may read about one thing that configurations name.
package struct EntryDescription: Sendable {
  /// The name in configurations.
  package let name: String
  /// One line about it.
  package let summary: String
  /// One or two sentences about it; may be empty.
  package let about: String
  /// Authors and place of the paper.
  package let source: String?
  /// Its settings with their defaults.
  package let settings: [SettingLine]

  package init(name: String, summary: String, about: String = "", source: String? = nil, settings: [SettingLine]) {
    (self.name, self.summary, self.about, self.source, self.settings) = (name, summary, about, source, settings)
  }
}
