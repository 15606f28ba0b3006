import Tensors

/// Something that a configuration can name: what it is, its settings, and how it is made.
///
/// `Input` is what the thing needs beside its settings, such as the number of classes.
public struct RegistryEntry<Input, Product>: Sendable {
  /// The name in configurations.
  public let name: String
  /// One line about it.
  public let summary: String
  /// One or two sentences about it.
  public let about: String
  /// Where it comes from: authors and place of the paper; nil where there is none.
  public let source: String?
  /// Its settings, each with its default, in the order of the listing.
  package let settings: [SettingLine]

  private let examine: @Sendable ([String: SettingValue], String) throws -> Void
  private let build: @Sendable ([String: SettingValue], String, Input) throws -> Product

  /// Describes something.
  /// - Parameters:
  ///   - name: the name in configurations.
  ///   - summary: one line about it.
  ///   - about: one or two sentences about it.
  ///   - source: authors and place of the paper.
  ///   - settings: its settings, with the defaults.
  ///   - check: finds contradictions between settings, before anything is made.
  ///   - make: makes it from its settings.
  public init<Settings: Section>(
    _ name: String, summary: String, about: String, source: String? = nil, settings: Settings,
    check: @escaping @Sendable (Settings) throws -> Void = { _ in }, make: @escaping @Sendable (Settings, Input) throws -> Product
  ) {
    (self.name, self.summary, self.about, self.source) = (name, summary, about, source)
    self.settings = SectionWriter.lines(of: settings, listsAbsentSections: true)
    examine = { values, subject in try check(filled(settings, with: values, subject)) }
    build = { values, subject, input in
      let own = try filled(settings, with: values, subject)
      try check(own)
      return try make(own, input)
    }
  }

  /// Describes something that has no settings.
  public init(
    _ name: String, summary: String, about: String, source: String? = nil, make: @escaping @Sendable (NoSettings, Input) throws -> Product
  ) {
    self.init(name, summary: summary, about: about, source: source, settings: NoSettings(), make: make)
  }

  /// The defaults by name; settings that have to be given are not among them.
  package var defaults: [String: SettingValue] {
    settings.reduce(into: [:]) { if !$1.isRequired, $1.depth == 0 { $0[$1.path] = $1.value } }
  }

  /// Refuses settings that it does not know or take.
  /// - Parameter kind: what it is, for messages.
  /// - Throws: `LongtailError(.usage)` naming it, the key and the nearest known one.
  package func check(_ values: [String: SettingValue], kind: String) throws { try examine(values, "\(kind) \(name)") }

  /// Makes it.
  /// - Parameters:
  ///   - values: what differs from the defaults.
  ///   - kind: what it is, for messages.
  /// - Throws: as `check`, and what making it throws.
  package func make(_ values: [String: SettingValue], _ input: Input, kind: String) throws -> Product {
    try build(values, "\(kind) \(name)", input)
  }
}

/// A section with some of its values replaced.
/// - Throws: `LongtailError(.usage)` listing what is not known, of the wrong kind, out of range, or does not fit together.
private func filled<Settings: Section>(_ defaults: Settings, with values: [String: SettingValue], _ subject: String) throws -> Settings {
  let log = ProblemLog()
  let manner = EntryManner(subject: subject)
  var settings = defaults
  SectionReader.read(&settings, from: SourceNode(.map(values), origin: manner.origin), manner, log: log)
  try log.throwIfAny(advice: nil)
  return settings
}

extension LongtailError {
  /// An error about one setting of something, as reading it would have thrown.
  /// - Parameters:
  ///   - subject: kind and name, such as `data set folder`.
  ///   - key: the setting.
  ///   - problem: the end of the sentence.
  public static func setting(_ subject: String, _ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(.usage, "\(subject): \(key) \(problem)", advice: advice)
  }
}
