import Tensors

/// All scores that a task gives for some groups and classes, without values: what a configuration may name.
public struct ScoreTable: Sendable {
  /// A score that may be asked for.
  public struct Entry: Sendable, Equatable {
    /// What kind it is.
    public var kind: ScoreKind
    /// What it is of.
    public var subject: Score.Subject
    /// Its name.
    public var name: String { Score.name(kind, subject) }
  }

  /// The scores: those of the whole split, of groups, of classes.
  public let entries: [Entry]

  /// Lists the scores of a task.
  /// - Parameters:
  ///   - kinds: the task's; that of the loss is added.
  ///   - groups: names of the groups.
  ///   - classes: names of the classes.
  public init(_ kinds: [ScoreKind], groups: [String], classes: [String]) {
    let kinds = kinds.contains { $0.name == ScoreKind.loss.name } ? kinds : kinds + [.loss]
    func of(_ scope: ScoreKind.Scope) -> [ScoreKind] { kinds.filter { $0.scopes.contains(scope) } }
    entries =
      of(.whole).map { Entry(kind: $0, subject: .whole) }
      + of(.groups).flatMap { kind in groups.map { Entry(kind: kind, subject: .group($0)) } }
      + of(.classes).flatMap { kind in classes.map { Entry(kind: kind, subject: .class($0)) } }
  }

  /// The names without those of classes, which a pattern stands for: `iou.<class>`.
  public var patterns: [String] {
    var found: [String] = []
    for entry in entries {
      var name = entry.name
      if case .class = entry.subject { name = "\(entry.kind.name).<class>" }
      if found.last != name { found.append(name) }
    }
    return found
  }

  /// The score that the whole is judged by where nothing is said.
  public var main: Entry? { entries.first { $0.kind.rank == .main && $0.subject == .whole } }

  /// Finds a score by its name; upper and lower case count.
  /// - Parameter key: the key of a configuration that names it, for the message.
  /// - Throws: `LongtailError` with code `usage` that names the nearest one.
  public func score(_ name: String, at key: String? = nil) throws -> Entry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    // Thousands of classes would make an endless list.
    let near = nearest(name, among: entries.map(\.name)).map { "Did you mean '\($0)'? " } ?? ""
    throw LongtailError(
      .usage, "\(key.map { "\($0): " } ?? "")there is no score '\(name)'", advice: "\(near)Known: \(patterns.joined(separator: ", ")).")
  }
}

extension [Score] {
  /// The value of a score; nil where it is undefined or not among these.
  public func value(of name: String) -> Double? { first { $0.name == name }?.value }

  /// The score that the whole is judged by.
  public var main: Score? { first { $0.kind.rank == .main && $0.subject == .whole } }

  /// The main score of a group.
  public func main(ofGroup name: String) -> Score? { first { $0.kind.rank == .main && $0.subject == .group(name) } }
}
