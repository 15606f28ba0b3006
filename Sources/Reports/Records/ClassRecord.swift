import Tasks

/// How one class fared in an evaluation.
package struct ClassRecord: Sendable, Equatable {
  /// Another class that it was taken for.
  package struct Confusion: Sendable, Equatable {
    /// The other class.
    package var name: String
    /// How often.
    package var count: Int

    /// Creates a confusion.
    package init(_ name: String, _ count: Int) { (self.name, self.count) = (name, count) }
  }

  /// The class.
  package var name: String
  /// The group that it belongs to.
  package var group: String
  /// Its share of what is labelled in training, from 0 to 1, where known; not in the file.
  package var trainingShare: Double?
  /// How many there are in the evaluated images, in the task's unit.
  package var count: Int
  /// How many were taken for the class, right or wrong, where a label counts.
  package var predictedCount: Int
  /// Its scores by the name of their kind, in the order in which they are shown; nil where undefined.
  package var scores: [(kind: String, value: Double?)]
  /// Its share of the sum of the classes' squared gradient norms in the last step before the evaluation, where measured.
  package var gradientShare: Double?
  /// What happened to it in training since the evaluation before; nil in runs that keep no diary.
  package var diary: ClassDiary?
  /// What it was taken for, when not for itself: the most frequent first, at most `mostConfusions`.
  package var takenFor: [Confusion]

  /// How many other classes are listed in `takenFor`.
  package static let mostConfusions = 3

  /// Creates a class record.
  package init(
    name: String, group: String, trainingShare: Double?, count: Int, predictedCount: Int, scores: [(kind: String, value: Double?)],
    gradientShare: Double? = nil, takenFor: [Confusion] = [], diary: ClassDiary? = nil
  ) {
    self.diary = diary
    (self.name, self.group, self.trainingShare) = (name, group, trainingShare)
    (self.count, self.predictedCount, self.scores) = (count, predictedCount, scores)
    (self.gradientShare, self.takenFor) = (gradientShare, takenFor)
  }

  /// A score; nil where it is undefined or not known.
  package func value(_ kind: ScoreKind?) -> Double? {
    guard let kind else { return nil }
    return scores.first { $0.kind == kind.name }?.value
  }

  /// Whether the class occurs, but was not predicted once.
  package var isNeverPredicted: Bool { count > 0 && predictedCount == 0 }

  /// Whether all is equal.
  package static func == (one: ClassRecord, other: ClassRecord) -> Bool {
    one.name == other.name && one.group == other.group && one.trainingShare == other.trainingShare && one.count == other.count
      && one.predictedCount == other.predictedCount && one.gradientShare == other.gradientShare && one.takenFor == other.takenFor
      && one.diary == other.diary
      && one.scores.elementsEqual(other.scores) { $0.kind == $1.kind && $0.value == $1.value }
  }
}

extension ClassRecord {
  /// Reads a class of a line: counts bear the name of the unit, scores those of their kinds.
  init(from container: KeyedDecodingContainer<RecordKey>, _ task: TaskDescription, share: Double?) throws {
    func number(_ name: String) throws -> Int { try container.decode(Int.self, forKey: RecordKey(name)) }
    let others = try container.decodeIfPresent([String: Int].self, forKey: RecordKey("takenFor")) ?? [:]
    self.init(
      name: try container.decode(String.self, forKey: RecordKey("name")),
      group: try container.decode(String.self, forKey: RecordKey("group")), trainingShare: share,
      count: try number(task.unit), predictedCount: try number("predicted\(task.countUnit.capitalized)"),
      scores: try task.listedOfClasses.map { kind in
        (kind.name, try container.decodeIfPresent(Double.self, forKey: RecordKey(kind.name)))
      },
      gradientShare: try container.decodeIfPresent(Double.self, forKey: RecordKey("gradientShare")),
      takenFor: others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { Confusion($0.key, $0.value) },
      diary: try container.decodeIfPresent(ClassDiary.self, forKey: RecordKey("diary")))
  }

  func encode(to container: inout KeyedEncodingContainer<RecordKey>, _ task: TaskDescription) throws {
    try container.encode(name, forKey: RecordKey("name"))
    try container.encode(group, forKey: RecordKey("group"))
    try container.encode(count, forKey: RecordKey(task.unit))
    try container.encode(predictedCount, forKey: RecordKey("predicted\(task.countUnit.capitalized)"))
    for score in scores { try container.encode(score.value, forKey: RecordKey(score.kind)) }
    if let gradientShare { try container.encode(gradientShare, forKey: RecordKey("gradientShare")) }
    if !takenFor.isEmpty {
      var others = container.nestedContainer(keyedBy: RecordKey.self, forKey: RecordKey("takenFor"))
      for other in takenFor { try others.encode(other.count, forKey: RecordKey(other.name)) }
    }
    try container.encodeIfPresent(diary, forKey: RecordKey("diary"))
    if isNeverPredicted { try container.encode(true, forKey: RecordKey("neverPredicted")) }
  }
}
