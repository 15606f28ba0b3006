import Configuration
import Tensors

/// Runs side by side: some candidates (configurations or objectives), each trained with the same seeds.
public struct Comparison: Sendable {
  /// One run of a candidate.
  public struct Entry: Sendable {
    /// The candidate.
    public var candidate: String
    /// The seed.
    public var seed: Int
    /// What the run wrote.
    public var results: RunResults
    /// Whether it came to its end. One that did not is shown, but no mean counts it.
    public var isFinished: Bool
    /// The metric of the code published with PAT, where it was asked for.
    public var iblaMeanIntersectionOverUnion: Double?

    /// Puts a run in its place.
    public init(candidate: String, seed: Int, results: RunResults, isFinished: Bool, iblaMeanIntersectionOverUnion: Double? = nil) {
      (self.candidate, self.seed, self.results) = (candidate, seed, results)
      (self.isFinished, self.iblaMeanIntersectionOverUnion) = (isFinished, iblaMeanIntersectionOverUnion)
    }

    /// `pat, seed 1`.
    public var label: String { "\(candidate), seed \(seed)" }
  }

  /// The heading of reports.
  public var title: String
  /// The runs, candidate by candidate.
  public var entries: [Entry]
  /// What a reader has to know beside the numbers, such as runs that are missing.
  public var notes: [String] = []
  /// The same images with every run's prediction, where they could be made.
  public var pictures: ComparisonPictures?
  /// What the diagnosis knows of the network.
  public var facts = NetworkFacts()
  /// Images of a batch in the metric of the code published with PAT; nil where it was not asked for.
  public var iblaBatch: Int?

  /// Begins a report.
  public init(title: String, entries: [Entry]) { (self.title, self.entries) = (title, entries) }

  /// A configuration or objective with its runs.
  public struct Candidate: Sendable {
    /// Its name.
    public var name: String
    /// Its objective.
    public var objective: String
    /// The runs that count: those that are finished.
    public var finished: [Entry]
    /// All of its runs.
    public var all: [Entry]

    /// Mean and spread of a metric over its finished runs.
    public func statistics(_ metric: ComparedMetric) -> SampleStatistics { SampleStatistics(finished.map { metric.value($0) }) }
  }

  /// The candidates in the order of their first runs.
  public var candidates: [Candidate] {
    var names: [String] = []
    for entry in entries where !names.contains(entry.candidate) { names.append(entry.candidate) }
    return names.map { name in
      let own = entries.filter { $0.candidate == name }
      return Candidate(
        name: name, objective: own.first?.results.configuration.objective.name ?? "", finished: own.filter(\.isFinished), all: own)
    }
  }

  /// The classes in the data set's order.
  public var classNames: [String] { entries.lazy.compactMap(\.results.last).first?.classes.map(\.name) ?? [] }

  /// Places of the classes, the most frequent in training first.
  public var classOrder: [Int] {
    let classes = entries.lazy.compactMap(\.results.last).first?.classes ?? []
    return classes.indices.sorted { one, other in
      let (a, b) = (classes[one].trainingShare ?? -1, classes[other].trainingShare ?? -1)
      return a != b ? a > b : one < other
    }
  }

  /// The metrics of the main table.
  public var metrics: [ComparedMetric] {
    let ibla = iblaBatch == nil ? [] : [ComparedMetric.iblaMeanIntersectionOverUnion]
    return ComparedMetric.standard + ibla + [.secondsPerStep]
  }

  /// The difference of a metric to the first candidate, over the seeds that both have finished: pairs of equal seeds share images' order
  /// and first values, so their differences vary less than the values themselves.
  public func difference(_ metric: ComparedMetric, of candidate: Candidate) -> SampleStatistics {
    let baseline = candidates.first?.finished ?? []
    return SampleStatistics(
      candidate.finished.map { entry -> Double? in
        guard let pair = baseline.first(where: { $0.seed == entry.seed }), let own = metric.value(entry), let other = metric.value(pair)
        else { return nil }
        return own - other
      })
  }

  /// Mean and spread of the IoU of a class over the finished runs of a candidate.
  public func intersectionOverUnion(class k: Int, of candidate: Candidate) -> SampleStatistics {
    candidate.statistics(.intersectionOverUnion(class: k, name: ""))
  }
}

/// A column of a comparison.
public struct ComparedMetric: Sendable {
  /// Its name in files: `miou.tail`.
  public let key: String
  /// Its name in tables: `tail %`.
  public let title: String
  /// Whether the larger value is the better one; nil where neither is.
  public let largerIsBetter: Bool?
  /// The value of a run; nil where it has none.
  public let value: @Sendable (Comparison.Entry) -> Double?
  /// The value as tables show it.
  public let format: @Sendable (Double) -> String

  private static func share(_ key: String, _ title: String, _ value: @escaping @Sendable (Comparison.Entry) -> Double?) -> ComparedMetric {
    ComparedMetric(key: key, title: title, largerIsBetter: true, value: value) { Formatting.percent($0) }
  }

  /// mIoU, the groups' means with the tail first, and accuracy at the last evaluation.
  public static let standard: [ComparedMetric] = [
    share("miou", "mIoU %") { $0.results.last?.miou },
    group("tail"), group("medium"), group("head"),
    share("pixelAccuracy", "pixel accuracy %") { $0.results.last?.pixelAccuracy },
    share("meanAccuracy", "mean accuracy %") { $0.results.last?.meanAccuracy },
  ]

  /// The mean IoU of a group.
  public static func group(_ name: String) -> ComparedMetric {
    share("miou.\(name)", "\(name) mIoU %") { entry in entry.results.last?.groups.first { $0.name == name }?.miou }
  }

  /// The IoU of a class.
  public static func intersectionOverUnion(class k: Int, name: String) -> ComparedMetric {
    share("iou.\(name)", name) { entry in
      let classes = entry.results.last?.classes ?? []
      return k < classes.count ? classes[k].iou : nil
    }
  }

  /// The metric of the code published with PAT.
  public static let iblaMeanIntersectionOverUnion = ComparedMetric(
    key: "miou.ibla", title: "ibla's own mIoU %", largerIsBetter: nil, value: { $0.iblaMeanIntersectionOverUnion },
    format: { Formatting.percent($0) })

  /// Seconds of a step.
  public static let secondsPerStep = ComparedMetric(
    key: "secondsPerStep", title: "s/step", largerIsBetter: nil, value: { $0.results.secondsPerStep },
    format: { Formatting.significant($0, 3) })
}
