import Settings

extension Configuration {
  /// What people may read about the sections of a configuration.
  package static var description: KindDescription {
    let lines = SectionWriter.lines(of: Configuration(), listsAbsentSections: true)
    let heads = lines.filter { $0.depth == 0 && $0.kind.isEmpty }
    let sections = heads.map { head in
      EntryDescription(
        name: head.path, summary: head.meaning, about: abouts[head.path] ?? "",
        settings: lines.filter { $0.path.hasPrefix("\(head.path).") && !$0.kind.isEmpty })
    }
    let top = EntryDescription(
      name: "top", summary: "keys that lie in no section", settings: lines.filter { $0.depth == 0 && !$0.kind.isEmpty })
    return KindDescription(
      name: "section", summary: "a part of a configuration file", place: "Any key can be changed on the command line: --set KEY=VALUE.",
      entries: [top] + sections)
  }

  /// What the lists of keys do not say.
  private static let abouts: [String: String] = [
    "data": "The data set's own settings are listed by `longtail describe dataset NAME`.",
    "model": "The model's own settings are listed by `longtail describe model NAME`.",
    "objective": "The objective's own settings are listed by `longtail describe objective NAME`.",
    "optimizer": "Which keys an optimizer takes, and its defaults, are listed by `longtail describe optimizer NAME`.",
  ]
}
