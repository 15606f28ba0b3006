import Collectives
import Configuration
import Datasets
import Foundation
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// Runs the network over a split and counts: every rank takes its share, each image once, and the tallies are brought together.
package final class Evaluator {
  private let experiment: Experiment
  private let groups: ClassGroups
  private let communicator: any Communicator
  private let split: Split
  private let companions: [InferenceNetwork]
  private let shifter = RowShifter()
  private var comparesAtOwnSize: Bool { experiment.configuration.evaluation.resolution == .label }

  /// Prepares for a split.
  /// - Parameter companions: networks whose probabilities are averaged with those of the evaluated one; images are judged one by one then.
  package init(
    _ experiment: Experiment, groups: ClassGroups, communicator: any Communicator, split: Split? = nil,
    companions: [InferenceNetwork] = []
  ) {
    self.experiment = experiment
    self.groups = groups
    self.communicator = communicator
    self.split = split ?? experiment.evaluationSplit
    self.companions = companions
  }

  /// Evaluates the network's present parameters. Collective.
  ///
  /// Cost: one forward pass an image on one of the ranks (more with `evaluation.views`); what the task's tally sums or gathers.
  /// - Parameters:
  ///   - parameters: the numbers that are judged; the network's own if nil.
  ///   - objective: its value over the split is reported too (not with several views of an image), and predictions are adjusted as it says;
  ///     nil leaves both out.
  /// - Throws: `LongtailError` for files that cannot be read.
  package func evaluate(
    _ network: Network, parameters: ParameterSet? = nil, objective: (any Objective)?, step: Int, epoch: Int
  ) throws -> EvaluationReport {
    let started = Date()
    try experiment.requireImages(in: split)
    var tally = experiment.task.makeTally(tallyContext)
    let context = StepContext(epoch: epoch, step: step, isTraining: false)
    var confidence = ClassConfidence(classes: experiment.dataset.classes.count)
    let sums = try count(network, parameters, objective, context, into: &tally, &confidence)
    var report = EvaluationReport(try tally.evaluation(), groups: groups)
    if var sums, let objective {
      try communicator.sum(&sums)
      report.loss = try objective.result(PackedSums(sums), step: context).loss
    }
    if judgesSingleImages {
      report.confidencePerClass = report.evaluation.classes.map(\.ownProbability)
    } else if experiment.task.measuresObjective {
      report.confidencePerClass = try confidence.reduced(over: communicator)
    }
    report.step = step
    report.epoch = epoch
    report.images = experiment.dataset.count(of: split)
    report.resolution = comparesAtOwnSize ? "label" : "network"
    report.seconds = Date().timeIntervalSince(started)
    return report
  }

  /// The temperature at which the network's probabilities fit the labels of the split best; nil for a task whose probabilities have none,
  /// and for a split without labels. Collective.
  ///
  /// It must not be the split that is judged with it. Cost: that of an evaluation.
  /// - Throws: `LongtailError` for files that cannot be read.
  package func temperature(_ network: Network, parameters: ParameterSet? = nil, objective: (any Objective)?) throws -> Double? {
    try experiment.requireImages(in: split)
    guard var tally = experiment.task.makeTemperatureTally(tallyContext) else { return nil }
    var confidence = ClassConfidence(classes: experiment.dataset.classes.count)
    _ = try count(network, parameters, objective, StepContext(isTraining: false), into: &tally, &confidence)
    return try tally.evaluation().scores.first?.value
  }

  /// Whether images are looked at one by one.
  private var judgesSingleImages: Bool {
    !companions.isEmpty || experiment.task.judgesSingleImages(ofSize: experiment.evaluationPipeline.fixedOutputSize)
  }

  private var tallyContext: TallyContext {
    TallyContext(
      split: split, groups: groups, imageSize: experiment.evaluationSize, paddedSize: experiment.paddedEvaluationSize,
      pipeline: experiment.evaluationPipeline, comparesAtOwnSize: comparesAtOwnSize,
      batch: experiment.configuration.evaluation.batch)
  }

  /// Counts the split on all ranks, and brings their tallies together.
  /// - Returns: this rank's sums of the objective, where it has a value.
  private func count(
    _ network: Network, _ parameters: ParameterSet?, _ objective: (any Objective)?, _ context: StepContext, into tally: inout any Tally,
    _ confidence: inout ClassConfidence
  ) throws -> [Double]? {
    let sums =
      try judgesSingleImages
      ? countImages(network, parameters, offsets: objective?.predictionOffsets, into: &tally)
      : countBatches(network, parameters, objective, context, into: &tally, &confidence)
    try tally.reduce(over: RanksOfTally(communicator: communicator))
    return sums
  }

  /// Counts batch by batch.
  /// - Returns: this rank's sums of the objective, where it has a value.
  private func countBatches(
    _ network: Network, _ parameters: ParameterSet?, _ objective: (any Objective)?, _ context: StepContext, into tally: inout any Tally,
    _ confidence: inout ClassConfidence
  ) throws -> [Double]? {
    var packed = Array(repeating: 0.0, count: objective?.packedCount ?? 0)
    var part = packed
    let size = experiment.paddedEvaluationSize
    let readsLogits = experiment.task.measuresObjective
    let ports = experiment.task.ports.union(readsLogits ? [.logits] : [])
    let measured = readsLogits ? objective.flatMap { $0.needsClassifierGram ? nil : $0 } : nil
    let loader = try makeLoader()
    defer { loader.stop() }
    communicator.progress.enter(.evaluate)
    while let next = try loader.next() {
      communicator.progress.enter(.evaluate)
      defer { loader.recycle(next) }
      if next.imageCount == 0 { continue }
      let plan = try network.inferencePlan(images: next.imageCount, height: size.height, width: size.width, ports: ports)
      try plan.forward(parameters ?? network.parameterSet, images: BatchImages(next.images))
      let logits = readsLogits ? try plan.logits() : nil
      if let measured, let logits {
        try next.targets.withRows { rows in
          try measured.measure(
            round: measured.rounds.count - 1, LabelledRows(logits: logits, labels: rows.labels), gradient: nil, earlier: PackedSums(),
            into: &part, at: 0, step: context)
        }
        for i in part.indices { packed[i] += part[i] }
      }
      if let logits {
        if let offsets = objective?.predictionOffsets { try shifter.add(offsets, to: logits) }
        next.targets.withRows { confidence.add(logits, labels: $0.labels) }
      }
      try tally.add(
        next,
        NetworkOutputs(
          of: plan, network, parameters ?? network.parameterSet, offsets: readsLogits ? nil : objective?.predictionOffsets))
    }
    return measured == nil ? nil : packed
  }

  /// Counts image by image, for a task that looks at each by itself: images are dealt out to the ranks in turn, each once.
  ///
  /// The objective's value is not taken: it is defined for the one view that training has.
  private func countImages(_ network: Network, _ parameters: ParameterSet?, offsets: [Double]?, into tally: inout any Tally) throws
    -> [Double]?
  {
    var inference = experiment.inference(network, parameters: parameters, offsets: offsets)
    inference.companions = companions
    for index in stride(from: communicator.rank, to: experiment.dataset.count(of: split), by: communicator.size) {
      communicator.progress.enter(.evaluate)
      try tally.add(imageAt: index, inference)
    }
    return nil
  }

  private func makeLoader() throws -> BatchLoader {
    let count = experiment.dataset.count(of: split)
    let size = experiment.paddedEvaluationSize
    let batch = min(experiment.configuration.evaluation.batch, max(1, (count + communicator.size - 1) / communicator.size))
    var options = BatchLoader.Options()
    options.threads = experiment.configuration.data.loader.threads
    options.batchesAhead = 2
    options.cacheBytes = 0
    options.keepsAnnotations = comparesAtOwnSize
    return try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: split, pipeline: experiment.evaluationPipeline,
        order: SampleOrder(seed: 0, count: count, shuffled: false),
        division: try BatchDivision(
          sampleCount: count, globalBatch: min(count, batch * communicator.size), dropLast: false, ranks: communicator.size),
        rank: communicator.rank, height: size.height, width: size.width, targets: experiment.targets(ofSize: size)),
      endEpoch: 1, options: options)
  }
}

/// The ranks of an evaluation, as tallies know them.
struct RanksOfTally: TallyGroup {
  let communicator: any Communicator

  func sum(_ values: inout [Int64]) throws { try communicator.sum(&values) }
  func sum(_ values: inout [Double]) throws { try communicator.sum(&values) }
  func gather(_ bytes: [UInt8]) throws -> [[UInt8]] { try communicator.gatherEverywhere(bytes) }
}
