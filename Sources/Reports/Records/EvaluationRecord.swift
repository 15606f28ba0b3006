import Tasks

/// The outcome of an evaluation: a line of `classes.jsonl`, for writing and for reading, and what tables and pages show.
package struct EvaluationRecord: Sendable, Equatable {
  /// What the scores are those of.
  package var task: TaskDescription
  /// Steps done before it.
  package var step = 0
  /// Epochs done before it.
  package var epoch = 0
  /// Images that were judged.
  package var images = 0
  /// At which size: `network` or `label`.
  package var resolution = "network"
  /// The scores of the whole and of the groups, in the order in which they are shown.
  package var scores: [Score] = []
  /// How many classes the main score is over.
  package var averagedClasses = 0
  /// The classes, in the data set's order.
  package var classes: [ClassRecord] = []
  /// Seconds that it took.
  package var seconds = 0.0

  /// An empty record.
  package init(_ task: TaskDescription) { self.task = task }

  /// What the whole is judged by.
  package var main: Double? { scores.main?.value }

  /// The main score of a group, where it has one.
  package func main(ofGroup name: String) -> Double? { scores.main(ofGroup: name)?.value }

  /// The groups that have a main score, the common classes' first.
  package var groups: [String] { task.groups.filter { scores.main(ofGroup: $0) != nil } }

  /// A score of the whole; nil where it is undefined.
  package func value(_ kind: ScoreKind) -> Double? { scores.first { $0.kind == kind && $0.subject == .whole }?.value }

  /// What a class is judged by.
  package func main(ofClass index: Int) -> Double? {
    classes.indices.contains(index) ? classes[index].value(task.mainOfClasses) : nil
  }

  /// How many classes a score is a mean over; nil for one that is no mean over classes.
  package func averagedClasses(_ kind: ScoreKind, group: String? = nil) -> Int? {
    guard let part = task.scores.first(where: { $0.name == kind.meanOf && $0.scopes.contains(.classes) }) else { return nil }
    return classes.count { (group == nil || $0.group == group) && $0.value(part) != nil }
  }

  /// Places of the classes: group by group, the common ones first, and in each the most frequent in training first.
  package var groupedOrder: [Int] {
    func key(_ k: Int) -> (Int, Double, Int) {
      (task.groups.firstIndex(of: classes[k].group) ?? task.groups.count, -(classes[k].trainingShare ?? -1), k)
    }
    return classes.indices.sorted { key($0) < key($1) }
  }
}

extension EvaluationRecord: Codable {
  private static let fixed: Set<String> = [
    "step", "epoch", "images", "resolution", "averagedClasses", "groups", "classes", "time", "scores",
  ]

  /// Reads a line. The description of the task is that of the decoder's `userInfo`; version 0.1's where there is none.
  package init(from decoder: any Decoder) throws {
    let task = decoder.userInfo[.task] as? TaskDescription ?? EarlyRecords.task
    let values = try decoder.container(keyedBy: RecordKey.self)
    self.init(task)
    step = try values.decode(Int.self, forKey: RecordKey("step"))
    epoch = try values.decode(Int.self, forKey: RecordKey("epoch"))
    images = try values.decode(Int.self, forKey: RecordKey("images"))
    resolution = try values.decode(String.self, forKey: RecordKey("resolution"))
    averagedClasses = try values.decode(Int.self, forKey: RecordKey("averagedClasses"))
    let groups = try values.decodeIfPresent([String: Double?].self, forKey: RecordKey("groups")) ?? [:]
    for kind in task.scores where kind.scopes.contains(.whole) {
      guard values.contains(RecordKey(kind.name)) else { continue }
      scores.append(Score(kind, try values.decodeIfPresent(Double.self, forKey: RecordKey(kind.name))))
      guard kind.rank == .main else { continue }
      for name in task.groups { if let value = groups[name] { scores.append(Score(kind, of: .group(name), value)) } }
    }
    var list = try values.nestedUnkeyedContainer(forKey: RecordKey("classes"))
    while !list.isAtEnd { classes.append(try ClassRecord(from: list.nestedContainer(keyedBy: RecordKey.self), task, share: nil)) }
    seconds = try values.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey("time")).decode(
      Double.self, forKey: RecordKey("evaluation"))
  }

  /// Writes a line: every listed score of the whole under its name, the main score of the groups under `groups`. All that a clock decides
  /// stands under `time`, the last member.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: RecordKey.self)
    try encodeMembers(to: &values)
  }

  func encodeMembers(to values: inout KeyedEncodingContainer<RecordKey>) throws {
    try values.encode(step, forKey: RecordKey("step"))
    try values.encode(epoch, forKey: RecordKey("epoch"))
    try values.encode(images, forKey: RecordKey("images"))
    try values.encode(resolution, forKey: RecordKey("resolution"))
    let whole = scores.filter { $0.subject == .whole && $0.kind.rank != .unlisted && !Self.fixed.contains($0.name) }
    for score in whole where score.kind.rank == .main { try values.encode(score.value, forKey: RecordKey(score.name)) }
    try values.encode(averagedClasses, forKey: RecordKey("averagedClasses"))
    var parts = values.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey("groups"))
    for name in groups { try parts.encode(main(ofGroup: name), forKey: RecordKey(name)) }
    for score in whole where score.kind.rank != .main { try values.encode(score.value, forKey: RecordKey(score.name)) }
    var list = values.nestedUnkeyedContainer(forKey: RecordKey("classes"))
    for entry in classes {
      var container = list.nestedContainer(keyedBy: RecordKey.self)
      try entry.encode(to: &container, task)
    }
    try values.encode(NamedNumbers([NamedNumber("evaluation", seconds)]), forKey: RecordKey("time"))
  }
}

/// What `longtail evaluate --json` prints: the line of an evaluation, and under `scores` every score by its name, shares of 1, null where
/// undefined, for every task.
package struct PrintedEvaluation: Encodable {
  private let record: EvaluationRecord
  private let scores: [Score]
  private let groupings: GroupComparison?

  /// - Parameters:
  ///   - scores: all of them, those of classes and of the loss included.
  ///   - groupings: means under several groupings, where there are such.
  package init(_ record: EvaluationRecord, scores: [Score], groupings: GroupComparison? = nil) {
    (self.record, self.scores, self.groupings) = (record, scores, groupings)
  }

  /// Writes the object.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: RecordKey.self)
    try record.encodeMembers(to: &values)
    var list = values.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey("scores"))
    for score in scores { try list.encode(score.value.flatMap { $0.isFinite ? $0 : nil }, forKey: RecordKey(score.name)) }
    try values.encodeIfPresent(groupings, forKey: RecordKey("groupings"))
  }
}
