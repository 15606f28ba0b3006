import Tasks

/// One mean of a score under several groupings of the same classes, side by side: by pixels and by images.
///
/// A class may be rare because few images show it, or because it is small in all of them. Benchmarks group by one or the other, and a
/// method may help one kind of rare class alone.
package struct GroupComparison: Sendable, Encodable {
  /// A grouping.
  package struct Grouping: Sendable {
    /// What was counted: `pixels`.
    package var unit: String
    /// The groups of the classes.
    package var groups: ClassGroups

    /// Creates a grouping.
    package init(unit: String, groups: ClassGroups) { (self.unit, self.groups) = (unit, groups) }
  }

  /// The kind of the score of a class.
  package let kind: ScoreKind
  /// The value of each class, where it is defined.
  package let values: [Double?]
  /// The groupings.
  package let groupings: [Grouping]

  /// Takes the main score of the classes out of a task's scores; nil where classes have none, or a grouping is of other classes.
  package init?(_ scores: [Score], classNames: [String], groupings: [Grouping]) {
    let kinds = scores.map(\.kind).filter { $0.rank == .main && $0.scopes.contains(.classes) }
    guard let kind = kinds.first, groupings.allSatisfy({ $0.groups.places.count == classNames.count }) else { return nil }
    self.kind = kind
    self.groupings = groupings
    values = classNames.map { name in scores.first { $0.kind == kind && $0.subject == .class(name) }?.value }
  }

  /// The mean of a group, and over how many classes.
  func mean(_ grouping: Grouping, group: String) -> ClassMean { grouping.groups.mean(of: values, group: group) }

  /// A line for each grouping.
  package var text: String {
    guard let names = groupings.first?.groups.names else { return "" }
    var table = TextTable(
      columns: [.init("groups by")] + names.flatMap { [.init("\(kind.title) \($0)", isNumeric: true), .init("classes", isNumeric: true)] })
    for grouping in groupings {
      table.append(
        [grouping.unit]
          + grouping.groups.names.flatMap { name in
            let mean = mean(grouping, group: name)
            return [kind.cell(mean.value), "\(mean.averagedClasses)"]
          })
    }
    return table.lines.joined(separator: "\n") + "\n"
  }

  /// `{"pixels": {"head": {"value": ..., "classes": ...}}}`.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: RecordKey.self)
    for grouping in groupings {
      var groups = values.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey(grouping.unit))
      for name in grouping.groups.names {
        var group = groups.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey(name))
        let mean = mean(grouping, group: name)
        try group.encode(mean.value, forKey: RecordKey("value"))
        try group.encode(mean.averagedClasses, forKey: RecordKey("classes"))
      }
    }
  }
}
