import Tensors

/// Takes the values of a section out of a mapping, and notes what does not fit.
package struct SectionReader: KeyVisitor {
  private let path: String
  private let entries: [SourceNode.Entry]
  private let log: ProblemLog
  private let manner: any ReadingManner
  private var known: [String] = []

  private init(path: String, entries: [SourceNode.Entry], manner: any ReadingManner, log: ProblemLog) {
    (self.path, self.entries, self.manner, self.log) = (path, entries, manner, log)
  }

  private mutating func entry(_ name: String) -> SourceNode.Entry? {
    known.append(name)
    return entries.first { $0.key == name }
  }

  package mutating func key<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    guard let entry = entry(name) else { return }
    let setting = entry.value.setting
    func refuse(_ problem: String, hint: String? = nil) {
      var lister = SectionWriter()
      lister.key(name, &value, meaning, checks: checks)
      let refusal = manner.refusal(of: path + name, setting, problem, hint: hint, words: Value.words, line: lister.lines[0])
      log.add(entry.origin, refusal.text, advice: refusal.advice)
    }
    guard let read = Value(setting: setting) else {
      // An empty place takes an inherited value away, so that the default counts again.
      if setting.isNull, manner.takesNullForAbsence { return }
      return refuse("(\(setting.kind)), expected \(Value.expectation)", hint: Value.hint(for: setting))
    }
    for check in checks {
      if let problem = check.problem(read) { return refuse(", \(problem)") }
    }
    value = read
  }

  package mutating func requiredKey<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    if let given = entries.first(where: { $0.key == name }), !given.value.isNull {
      return key(name, &value, meaning, checks: checks)
    }
    known.append(name)
    log.add(manner.origin, "\(manner.quoted(path + name)) is missing", advice: "Give \(meaning).")
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part, _ meaning: String) {
    guard let entry = entry(name) else { return }
    guard let inner = entry.value.entries else {
      let setting = entry.value.setting
      log.add(entry.origin, "\(manner.quoted(path + name)) is \(setting) (\(setting.kind)), expected a mapping of keys")
      return
    }
    SectionReader(path: "\(path)\(name).", entries: inner, manner: manner, log: log).read(&part, origin: entry.origin)
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part?, _ meaning: String) {
    guard let entry = entry(name), !entry.value.isNull else { return }
    var present = part ?? Part()
    section(name, &present, meaning)
    known.removeLast()
    part = present
  }

  private func read<Part: Section>(_ part: inout Part, origin: Origin) {
    let before = log.problems.count
    var reader = self
    part.visit(&reader)
    reader.reportUnknownKeys()
    // Contradictions of values that were refused would only confuse.
    guard log.problems.count == before else { return }
    for contradiction in part.contradictions() {
      let place = SectionReader.origin(of: contradiction.key, in: entries) ?? origin
      log.add(place, "\(manner.quoted(path + contradiction.key)): \(contradiction.text)")
    }
  }

  /// Where a key stands; it may lead through sections, such as `schedule.minimum`.
  private static func origin(of key: String, in entries: [SourceNode.Entry]) -> Origin? {
    guard let dot = key.firstIndex(of: ".") else { return entries.first { $0.key == key }?.origin }
    guard let entry = entries.first(where: { $0.key == key[..<dot] }) else { return nil }
    return origin(of: String(key[key.index(after: dot)...]), in: entry.value.entries ?? []) ?? entry.origin
  }

  private func reportUnknownKeys() {
    for entry in entries where !known.contains(entry.key) {
      let refusal = manner.unknown(entry.key, path: path, known: known)
      log.add(entry.origin, refusal.text, advice: refusal.advice)
    }
  }

  /// Reads a whole section.
  /// - Parameters:
  ///   - whole: what it is with defaults; changed where the mapping has something else.
  ///   - node: a mapping.
  ///   - manner: how mistakes are reported.
  ///   - log: takes the mistakes.
  package static func read<Whole: Section>(_ whole: inout Whole, from node: SourceNode, _ manner: some ReadingManner, log: ProblemLog) {
    guard let entries = node.entries else {
      log.add(node.origin, "this is \(node.setting.kind), expected keys\(manner.example)")
      return
    }
    SectionReader(path: "", entries: entries, manner: manner, log: log).read(&whole, origin: node.origin)
  }
}
