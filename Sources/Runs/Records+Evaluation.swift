import Reports
import Tasks
import Tensors
import Training

extension EvaluationRecord {
  /// An evaluation as tables and logs show it.
  /// - Parameters:
  ///   - lastStep: the last step before it, where there was one.
  ///   - diary: that of each class, where one is kept.
  package init(
    _ report: EvaluationReport, experiment: Experiment, statistics: ClassStatistics, lastStep: StepReport? = nil, diary: [ClassDiary] = []
  ) {
    self.init(TaskDescription(experiment.task))
    let evaluation = report.evaluation
    let shares = statistics.audit.statistics.shares
    let total = lastStep?.gradientNormPerClass.reduce(0) { $0 + $1 * $1 } ?? 0
    let names = experiment.classNames
    step = report.step
    epoch = report.epoch
    images = report.images
    resolution = report.resolution
    averagedClasses = evaluation.averagedClasses
    scores = evaluation.scores.filter { if case .class = $0.subject { false } else { true } }
    var byClass: [String: [(kind: String, value: Double?)]] = [:]
    for score in evaluation.scores where score.kind.rank != .unlisted {
      if case .class(let name) = score.subject { byClass[name, default: []].append((score.kind.name, score.value)) }
    }
    classes = zip(names.indices, evaluation.classes).map { k, result in
      ClassRecord(
        name: names[k], group: report.groups.name(of: k), trainingShare: shares[k], count: result.count,
        predictedCount: result.predictedCount, scores: byClass[names[k]] ?? [],
        gradientShare: total > 0 ? lastStep.map { $0.gradientNormPerClass[k] * $0.gradientNormPerClass[k] / total } : nil,
        takenFor: result.takenFor.prefix(ClassRecord.mostConfusions).map { .init(names[$0.index], $0.count) },
        diary: k < diary.count ? diary[k] : nil)
    }
    seconds = report.seconds
  }
}

extension EvaluationDetails {
  /// What an evaluation of an experiment found.
  package init(_ report: EvaluationReport, experiment: Experiment) {
    self.init(
      TaskDescription(experiment.task), step: report.step, split: experiment.evaluationSplit.shortName, classNames: experiment.classNames,
      confusions: report.evaluation.confusions,
      images: report.evaluation.images.map {
        Image(name: experiment.dataset.identifier(split: experiment.evaluationSplit, index: $0.index), score: $0)
      }, figures: report.evaluation.figures)
  }
}

extension ClassesRecord {
  /// The classes of an experiment, as they were counted.
  package init(_ experiment: Experiment, _ statistics: ClassStatistics) throws {
    let counts = statistics.audit.statistics
    self.init(
      TaskDescription(experiment.task),
      experiment.dataset.classes.enumerated().map { k, info in
        Entry(
          name: info.name, group: statistics.groups.name(of: k), trainingCount: counts.pixels[k], trainingImages: counts.images[k],
          colour: info.colour)
      },
      labelMapDigest: try SHA256Digest(of: experiment.dataset.labelRule).description, groupRule: ClassesRecord.groupRule(experiment.task))
  }

  private static func groupRule(_ task: any Task) -> String {
    switch task.grouping {
    case .shares: "shares of the labelled training \(task.countUnit.name), as groups in config.yaml"
    case .counts(let many, let few):
      "numbers of the labelled training \(task.countUnit.name): more than \(many), \(few) to \(many), fewer than \(few)"
    case .given: "as the data set has them"
    }
  }
}
