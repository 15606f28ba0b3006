import Configuration
import Tasks
import Tensors

/// Runs side by side: some candidates (configurations or objectives), each trained with the same seeds, and on the same folds where there
/// are some.
package struct Comparison: Sendable {
  /// One run of a candidate.
  package struct Entry: Sendable {
    /// The candidate.
    package var candidate: String
    /// The seed.
    package var seed: Int
    /// The fold of the training samples that it was judged on; nil for a run without folds.
    package var fold: Int?
    /// What the run wrote.
    package var results: RunResults
    /// Whether it came to its end. One that did not is shown, but no mean counts it.
    package var isFinished: Bool
    /// Scores of other programs, where they were asked for.
    package var foreignScores: [Score] = []

    /// Puts a run in its place.
    package init(candidate: String, seed: Int, fold: Int? = nil, results: RunResults, isFinished: Bool) {
      (self.candidate, self.seed, self.fold, self.results, self.isFinished) = (candidate, seed, fold, results, isFinished)
    }

    /// `pat, seed 1`, or `pat, fold 0, seed 1`.
    package var label: String { "\(candidate), \(fold.map { "fold \($0), " } ?? "")seed \(seed)" }
  }

  /// The heading of reports.
  package var title: String
  /// The runs, candidate by candidate.
  package var entries: [Entry]
  /// What a reader has to know beside the numbers, such as runs that are missing.
  package var notes: [String] = []
  /// The same images with every run's prediction, where they could be made.
  package var pictures: ComparisonPictures?
  /// What the diagnosis knows of the network.
  package var facts = NetworkFacts()
  /// What scores of other programs are, in sentences.
  package var remarks: [String] = []

  /// Begins a report.
  package init(title: String, entries: [Entry]) { (self.title, self.entries) = (title, entries) }

  /// A configuration or objective with its runs.
  package struct Candidate: Sendable {
    /// Its name.
    package var name: String
    /// Its objective.
    package var objective: String
    /// The runs that count: those that are finished.
    package var finished: [Entry]
    /// All of its runs.
    package var all: [Entry]

    /// Mean and spread of a metric over its finished runs.
    package func statistics(_ metric: ComparedMetric) -> SampleStatistics { SampleStatistics(finished.map { metric.value($0) }) }
  }

  /// The candidates in the order of their first runs.
  package var candidates: [Candidate] {
    var names: [String] = []
    for entry in entries where !names.contains(entry.candidate) { names.append(entry.candidate) }
    return names.map { name in
      let own = entries.filter { $0.candidate == name }
      return Candidate(
        name: name, objective: own.first?.results.configuration.objective.name ?? "", finished: own.filter(\.isFinished), all: own)
    }
  }

  /// The classes in the data set's order.
  package var classNames: [String] { entries.lazy.compactMap(\.results.last).first?.classes.map(\.name) ?? [] }

  /// Places of the classes, the most frequent in training first.
  package var classOrder: [Int] {
    let classes = entries.lazy.compactMap(\.results.last).first?.classes ?? []
    return classes.indices.sorted { one, other in
      let (a, b) = (classes[one].trainingShare ?? -1, classes[other].trainingShare ?? -1)
      return a != b ? a > b : one < other
    }
  }

  /// The task that all runs have in common, and how its scores are called.
  package var task: TaskDescription { entries.first?.results.task ?? EarlyRecords.task }

  /// The columns of scores: the main one, that of the groups with the rarest first, the other listed ones; at the last evaluation.
  package var standard: [ComparedMetric] {
    let task = task
    guard let main = task.main else { return [] }
    return [ComparedMetric(main) { $0.main }]
      + task.groups.reversed().map { ComparedMetric(main, group: $0) }
      + task.listed.filter { $0.rank != .main }.map { kind in ComparedMetric(kind) { $0.value(kind) } }
  }

  /// The columns of the main table.
  package var metrics: [ComparedMetric] {
    var foreign: [ComparedMetric] = []
    for score in entries.flatMap(\.foreignScores) where !foreign.contains(where: { $0.key == score.name }) {
      foreign.append(ComparedMetric(foreign: score.kind))
    }
    return standard + foreign + [.secondsPerStep]
  }

  /// Whether runs were judged on folds of the training samples.
  package var hasFolds: Bool { entries.contains { $0.fold != nil } }

  /// The difference of a metric to the first candidate, over the folds and seeds that both have finished: pairs of equal fold and seed
  /// share images, their order and first values, so their differences vary less than the values themselves.
  package func difference(_ metric: ComparedMetric, of candidate: Candidate) -> SampleStatistics {
    let baseline = candidates.first?.finished ?? []
    return SampleStatistics(
      candidate.finished.map { entry -> Double? in
        guard let pair = baseline.first(where: { $0.seed == entry.seed && $0.fold == entry.fold }),
          let own = metric.value(entry), let other = metric.value(pair)
        else { return nil }
        return own - other
      })
  }

  /// The column of a class: the score that it is judged by.
  package func metric(ofClass k: Int) -> ComparedMetric? {
    guard let kind = task.mainOfClasses, classNames.indices.contains(k) else { return nil }
    return ComparedMetric(kind, class: k, name: classNames[k])
  }

  /// Mean and spread of the main score of a class over the finished runs of a candidate.
  package func statistics(ofClass k: Int, _ candidate: Candidate) -> SampleStatistics {
    metric(ofClass: k).map(candidate.statistics) ?? SampleStatistics([])
  }
}

/// A column of a comparison.
package struct ComparedMetric: Sendable {
  /// Its name in files.
  package let key: String
  /// Its name in tables.
  package let title: String
  /// Whether the larger value is the better one; nil where neither is.
  package let largerIsBetter: Bool?
  /// 100 for a share, which tables show in per cent, else 1.
  package let scale: Double
  /// The value of a run; nil where it has none.
  package let value: @Sendable (Comparison.Entry) -> Double?
  /// The value as tables show it.
  package let format: @Sendable (Double) -> String

  /// A score of the last evaluation.
  init(_ kind: ScoreKind, value: @escaping @Sendable (EvaluationRecord) -> Double?) {
    self.init(
      key: kind.name, title: kind.heading, largerIsBetter: kind.direction == .larger, scale: kind.scale,
      value: { $0.results.last.flatMap(value) }, format: { kind.cell($0) })
  }

  /// The main score of a group at the last evaluation.
  init(_ kind: ScoreKind, group: String) {
    self.init(
      key: Score(kind, of: .group(group), nil).name, title: kind.heading(ofGroup: group), largerIsBetter: kind.direction == .larger,
      scale: kind.scale, value: { $0.results.last?.main(ofGroup: group) }, format: { kind.cell($0) })
  }

  /// The main score of a class at the last evaluation.
  init(_ kind: ScoreKind, class k: Int, name: String) {
    self.init(
      key: Score(kind, of: .class(name), nil).name, title: name, largerIsBetter: kind.direction == .larger, scale: kind.scale,
      value: { $0.results.last?.main(ofClass: k) }, format: { kind.cell($0) })
  }

  /// A score that nothing is judged by.
  init(foreign kind: ScoreKind) {
    self.init(
      key: kind.name, title: kind.heading, largerIsBetter: nil, scale: kind.scale,
      value: { entry in entry.foreignScores.first { $0.kind == kind }?.value }, format: { kind.cell($0) })
  }

  init(
    key: String, title: String, largerIsBetter: Bool?, scale: Double, value: @escaping @Sendable (Comparison.Entry) -> Double?,
    format: @escaping @Sendable (Double) -> String
  ) {
    (self.key, self.title, self.largerIsBetter, self.scale) = (key, title, largerIsBetter, scale)
    (self.value, self.format) = (value, format)
  }

  /// Seconds of a step.
  package static let secondsPerStep = ComparedMetric(
    key: "secondsPerStep", title: "s/step", largerIsBetter: nil, scale: 1, value: { $0.results.secondsPerStep },
    format: { Formatting.significant($0, 3) })
}
