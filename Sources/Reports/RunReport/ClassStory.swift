import Tasks

/// How a class went over the evaluations of a run: whether it was learned, lost or missed, and what its diary says about it.
struct ClassStory {
  /// What became of a class.
  enum Outcome: Equatable {
    /// It is found at the end: since an epoch, without a break.
    case learned(epoch: Int)
    /// It was found, but is not at the end: not any more since an epoch.
    case lost(epoch: Int)
    /// It was never found.
    case missed
    /// It does not occur in the evaluated images, so that nobody knows.
    case unknown
  }

  /// An evaluation.
  struct Point {
    /// Epochs done.
    var epoch: Double
    /// What the class is judged by.
    var score: Double?
    /// The diary; nil where the run kept none.
    var diary: ClassDiary?
  }

  /// A class counts as found where its score is at least this.
  static let foundFrom = 0.01

  /// The class.
  let name: String
  /// The evaluations in order.
  let points: [Point]
  /// How many classes there are, which says what chance is.
  let classes: Int
  let kind: ScoreKind?

  /// Collects what the evaluations say of a class. A run that ends within an epoch has its last evaluation there, behind the whole ones.
  init(_ results: RunResults, class k: Int) {
    let evaluations = results.evaluations.filter { $0.classes.indices.contains(k) }
    name = evaluations.last?.classes[k].name ?? ""
    classes = evaluations.last?.classes.count ?? 0
    kind = results.task.mainOfClasses
    points = evaluations.map { record in
      let epoch = results.steps.last { $0.step <= record.step }?.epoch ?? record.epoch
      return Point(
        epoch: Double(max(epoch, record.epoch)), score: record.classes[k].value(results.task.mainOfClasses), diary: record.classes[k].diary)
    }
  }

  /// What became of it.
  var outcome: Outcome {
    guard points.contains(where: { $0.score != nil }) else { return .unknown }
    let found = points.map { ($0.score ?? 0) >= ClassStory.foundFrom }
    guard let last = found.lastIndex(of: true) else { return .missed }
    guard last == found.count - 1 else { return .lost(epoch: Int(points[last + 1].epoch)) }
    let first = found.lastIndex(of: false).map { $0 + 1 } ?? 0
    return .learned(epoch: Int(points[first].epoch))
  }

  /// How often it was found or lost from one evaluation to the next.
  var changes: Int {
    let found = points.map { ($0.score ?? 0) >= ClassStory.foundFrom }
    return zip(found, found.dropFirst()).count { $0 != $1 }
  }

  /// The outcome in words.
  var outcomeText: String {
    let title = kind?.title ?? "score"
    switch outcome {
    case .learned(let epoch): return "was learned: \(title) of at least 1 % from epoch \(epoch) on" + again
    case .lost(let epoch): return "was lost: \(title) under 1 % from epoch \(epoch) on" + again
    case .missed: return "was missed: \(title) never reached 1 %"
    case .unknown: return "does not occur in the evaluated images"
    }
  }

  private var again: String { changes > 2 ? ", after \(changes) changes" : "" }

  /// What the diary says, in sentences: when the network began to be sure of the class, and whether it had the chance to.
  var remarks: [String] {
    var lines: [String] = []
    let chance = 1 / Double(max(1, classes))
    let sure = points.compactMap { point in point.diary?.confidence.map { (epoch: Int(point.epoch), value: $0) } }
    if let most = sure.max(by: { $0.value < $1.value }) {
      if let first = sure.first(where: { $0.value > chance }) {
        lines.append("Its own probability was above chance (\(percent(chance))) from epoch \(first.epoch), at most \(percent(most.value)).")
      } else {
        lines.append(
          "Its own probability never was above chance (\(percent(chance))): at most \(percent(most.value)), in epoch \(most.epoch).")
      }
    }
    let empty = points.filter { $0.diary.map { $0.steps > 0 && $0.rows == 0 } ?? false }.map { "\(Int($0.epoch))" }
    if !empty.isEmpty {
      lines.append(
        empty.count > 6
          ? "In \(empty.count) of \(points.count) stretches between evaluations not a row of it was sampled."
          : "Not a row of it was sampled before the evaluation\(empty.count == 1 ? "" : "s") of epoch\(empty.count == 1 ? "" : "s") \(empty.joined(separator: ", "))."
      )
    }
    return lines
  }

  private func percent(_ share: Double) -> String { "\(Formatting.significant(share * 100, 3)) %" }
}

/// A quantity of the diary, as charts and tables show it.
enum DiaryQuantity: CaseIterable {
  case confidence, gradientShare, scale, rows, firstMoment, secondMoment

  /// What it is, with its unit.
  func title(_ task: TaskDescription) -> String {
    switch self {
    case .confidence: "own probability, %"
    case .gradientShare: "gradient share, %"
    case .scale: "objective's scale"
    case .rows: "sampled \(task.unit)"
    case .firstMoment: "first moment"
    case .secondMoment: "second moment"
    }
  }

  /// Its value at an evaluation; nil where it is not known.
  func value(_ diary: ClassDiary?) -> Double? {
    guard let diary else { return nil }
    switch self {
    case .confidence: return diary.confidence.map { $0 * 100 }
    case .gradientShare: return diary.gradientShare.map { $0 * 100 }
    case .scale: return diary.scale
    case .rows: return diary.steps > 0 ? Double(diary.rows) : nil
    case .firstMoment: return diary.moments.first { $0.name != "secondMoment" }?.value
    case .secondMoment: return diary.moments.first { $0.name == "secondMoment" }?.value
    }
  }
}
