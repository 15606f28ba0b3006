import Tensors

/// What is wrong in a configuration, collected so that it can be told at once.
package final class ProblemLog {
  /// Place and description of each problem, in the order of discovery.
  package private(set) var problems: [(origin: Origin, text: String)] = []

  package init() {}

  package func add(_ origin: Origin, _ text: String) { problems.append((origin, text)) }

  /// Ends the reading when there is anything to tell.
  /// - Throws: one `LongtailError(.usage)` that lists every problem.
  package func throwIfAny(advice: String?) throws {
    guard let first = problems.first else { return }
    let lines = problems.map { "\($0.origin): \($0.text)" }
    let message = problems.count == 1 ? "\(first.origin): \(first.text)" : "\(lines.count) problems:\n" + lines.joined(separator: "\n")
    throw LongtailError(.usage, message, advice: advice)
  }
}

/// Takes the values of a section out of a mapping, and notes what does not fit.
package struct SectionReader: KeyVisitor {
  private let path: String
  private let entries: [SourceNode.Entry]
  private let log: ProblemLog
  private let allKeys: [String]
  private var known: Set<String> = []

  /// - Parameters:
  ///   - path: the section's key followed by a dot, empty at the top.
  ///   - allKeys: every key of the configuration, for suggestions.
  package init(path: String, entries: [SourceNode.Entry], allKeys: [String], log: ProblemLog) {
    (self.path, self.entries, self.allKeys, self.log) = (path, entries, allKeys, log)
  }

  private mutating func entry(_ name: String) -> SourceNode.Entry? {
    known.insert(name)
    return entries.first { $0.key == name }
  }

  package mutating func key<Value: SettingConvertible>(
    _ name: String, _ value: inout Value, _ meaning: String, checks: [Check<Value>]
  ) {
    guard let entry = entry(name) else { return }
    let setting = entry.value.setting
    guard let read = Value(setting: setting) else {
      // An empty place takes an inherited value away, so that the default counts again.
      if setting.isNull { return }
      let expected = "`\(path)\(name)` is \(setting) (\(setting.kind)), expected \(Value.expectation)"
      log.add(entry.origin, Value.hint(for: setting).map { "\(expected); \($0)" } ?? expected)
      return
    }
    for check in checks {
      if let problem = check.problem(read) {
        log.add(entry.origin, "`\(path)\(name)` is \(setting), \(problem)")
        return
      }
    }
    value = read
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part, _ meaning: String) {
    guard let entry = entry(name) else { return }
    guard let inner = entry.value.entries else {
      log.add(entry.origin, "`\(path)\(name)` is \(entry.value.setting) (\(entry.value.setting.kind)), expected a mapping of keys")
      return
    }
    read(&part, path: "\(path)\(name).", entries: inner, origin: entry.origin)
  }

  package mutating func section<Part: Section>(_ name: String, _ part: inout Part?, _ meaning: String) {
    guard let entry = entry(name), !entry.value.isNull else { return }
    var present = part ?? Part()
    section(name, &present, meaning)
    part = present
  }

  private func read<Part: Section>(_ part: inout Part, path: String, entries: [SourceNode.Entry], origin: Origin) {
    let before = log.problems.count
    var reader = SectionReader(path: path, entries: entries, allKeys: allKeys, log: log)
    part.visit(&reader)
    reader.reportUnknownKeys()
    // Contradictions of values that were refused would only confuse.
    guard log.problems.count == before else { return }
    for contradiction in part.contradictions() {
      let place = SectionReader.origin(of: contradiction.key, in: entries) ?? origin
      log.add(place, "`\(path)\(contradiction.key)`: \(contradiction.text)")
    }
  }

  /// Where a key stands; it may lead through sections, such as `schedule.minimum`.
  private static func origin(of key: String, in entries: [SourceNode.Entry]) -> Origin? {
    guard let dot = key.firstIndex(of: ".") else { return entries.first { $0.key == key }?.origin }
    guard let entry = entries.first(where: { $0.key == key[..<dot] }) else { return nil }
    return origin(of: String(key[key.index(after: dot)...]), in: entry.value.entries ?? []) ?? entry.origin
  }

  /// Reads a whole configuration.
  package static func readAll<Whole: Section>(_ whole: inout Whole, from node: SourceNode, allKeys: [String], log: ProblemLog) {
    guard let entries = node.entries else {
      log.add(node.origin, "this is \(node.setting.kind), expected keys such as `training:`")
      return
    }
    SectionReader(path: "", entries: [], allKeys: allKeys, log: log).read(&whole, path: "", entries: entries, origin: node.origin)
  }

  private func reportUnknownKeys() {
    for entry in entries where !known.contains(entry.key) {
      let unknown = "unknown key `\(path)\(entry.key)`"
      log.add(entry.origin, suggestion(for: entry.key).map { "\(unknown); did you mean `\($0)`?" } ?? unknown + listing)
    }
  }

  private var listing: String { "; keys here are " + known.sorted().joined(separator: ", ") }

  /// The nearest key of this section, else the nearest anywhere.
  private func suggestion(for key: String) -> String? {
    let mine = allKeys.filter { $0.hasPrefix(path) && known.contains(String($0.dropFirst(path.count))) }
    let lastPart = { (whole: String) in whole.split(separator: ".").last.map(String.init) ?? whole }
    if let near = nearest(key, among: mine.map(lastPart)) { return path + near }
    if let usual = Configuration.commonNames[key.lowercased().filter { $0 != "_" && $0 != "-" }] { return usual }
    guard let near = nearest(key, among: allKeys.map(lastPart)) else { return nil }
    return allKeys.first { lastPart($0) == near }
  }
}
