import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Metrics
import Networks
import Tensors

/// A training run: epochs of steps, evaluation and checkpoints in between, the same on one process and on many ranks.
///
/// Rank zero alone writes; the others only compute. Checkpoints are taken between steps, so a run that goes on from one repeats
/// exactly the steps that followed it.
public final class Trainer {
  /// What is trained.
  public let experiment: Experiment
  /// The class counts that objective and groups rest on.
  public let statistics: ClassStatistics
  /// Network, objective and optimizer.
  public let learner: Learner
  /// Which algorithms the convolutions use, and who chose them.
  public let algorithms: AlgorithmRecord
  /// Steps of an epoch.
  public let stepsPerEpoch: Int
  /// Steps of the whole run.
  public let totalSteps: Int

  let communicator: any Communicator
  let requests: () -> Requests
  /// Where each rank says what it holds, should the ranks come apart.
  let crashDirectory: String?
  /// Rank zero's limit in time, if there is one.
  var timeLimit: TimeLimit?
  /// Called with each batch before its step, on every rank. For tests, which damage one rank's numbers here.
  package var willStep: ((Batch, Learner) throws -> Void)?
  let observer: (any TrainingObserver)?
  private let evaluator: Evaluator
  let store: CheckpointStore?
  let writer: CheckpointWriter?
  /// Whether checkpoints are kept, on any rank.
  let hasCheckpoints: Bool
  private let bestMetrics: [MetricName]
  private let plan: BatchPlan
  var best: [RunRecord.Best] = []
  var metrics: [String: Double] = [:]
  private var elapsedBefore = 0.0
  private let started = Date()
  private let notes: [String]
  var lastSavedStep = -1
  var owesSave = false

  /// Makes ready for the first step, or for the one after a checkpoint. Collective.
  /// - Parameters:
  ///   - checkpoints: the directory of checkpoints; nil keeps none.
  ///   - resume: where to begin; nil does not look for checkpoints, for a run that will replace those that are there.
  ///   - observer: told about everything, on rank zero.
  ///   - crashDirectory: where each rank writes what it holds when the ranks have come apart; nil for nowhere.
  ///   - requests: asked before each step what somebody outside wants, on every rank.
  /// - Throws: `LongtailError` for anything that would not work, before the first step. Nothing is written yet.
  public init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, checkpoints: String?, resume: ResumePolicy?,
    observer: (any TrainingObserver)?, crashDirectory: String? = nil, requests: @escaping () -> Requests = { Requests() }
  ) throws {
    self.requests = requests
    self.crashDirectory = crashDirectory
    hasCheckpoints = checkpoints != nil
    let configuration = experiment.configuration
    let training = configuration.training
    self.experiment = experiment
    self.statistics = statistics
    self.communicator = communicator
    self.observer = observer
    try experiment.requireTrainable(globalBatch: training.globalBatch, dropLast: training.dropLast)
    bestMetrics = try configuration.checkpoint.best.map { try MetricName($0, classNames: experiment.classNames) }
    plan = try BatchPlan(
      sampleCount: experiment.dataset.count(of: .train), globalBatch: training.globalBatch, dropLast: training.dropLast,
      ranks: communicator.size, microBatches: training.accumulate)
    stepsPerEpoch = plan.stepsPerEpoch
    totalSteps = Trainer.totalSteps(training, stepsPerEpoch: stepsPerEpoch)

    let found = try Trainer.findCheckpoint(checkpoints, resume, configuration, communicator)
    let known = try KnownAlgorithms(configuration, resumed: found.contents?.run, isRoot: communicator.isRoot)
    learner = try Learner(
      experiment, statistics: statistics, communicator: communicator, totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch, plan: plan,
      choices: known.table, cache: known.measured?.table ?? [:])
    algorithms = known.record(learner.network.report)
    evaluator = Evaluator(experiment, groups: statistics.groups, communicator: communicator)
    if let contents = found.contents {
      try learner.restore(contents)
      best = contents.run.best
      metrics = contents.run.metrics
      elapsedBefore = contents.run.elapsedSeconds
    }
    var notes = try found.notes + known.keep(learner)
    if found.isResumed {
      try learner.broadcastState()
    } else {
      notes += try learner.loadPretrained(configuration.model)
    }
    try learner.requireEqualParameters()
    lastSavedStep = found.isResumed ? learner.stepCount : -1
    timeLimit = Trainer.timeLimit(experiment, learner: learner, communicator: communicator, notes: &notes)
    self.notes = notes
    if communicator.isRoot, let checkpoints {
      let store = CheckpointStore(directory: checkpoints)
      self.store = store
      writer = CheckpointWriter(store: store, retention: try CheckpointRetention(configuration.checkpoint))
    } else {
      store = nil
      writer = nil
    }
  }

  /// Trains to the end, or until it is asked to stop. Collective.
  /// - Throws: `LongtailError` for whatever ends the run; checkpoints on disk stay valid.
  public func run() throws -> TrainingSummary {
    let configuration = experiment.configuration
    try store?.prepareForWriting()
    try observer?.trainingWillStart(description())
    let loader = try makeLoader()
    defer { loader.stop() }
    var summary = TrainingSummary()
    var failure: (any Error)?
    while learner.stepCount < totalSteps {
      var clock = PhaseClock()
      communicator.progress.enter(.data, step: learner.stepCount + 1)
      guard let batch = try nextBatch(loader, failure: &failure) else { break }
      clock.end("data")
      var report = StepReport()
      report.phases = clock.phases
      report.images = plan.positions(step: batch.step).count
      learner.requests = currentRequests(evaluationIsDue: isEvaluationDue(after: learner.stepCount + 1))
      try willStep?(batch, learner)
      report.consumedSamples = learner.consumedSamples + report.images
      report = try learner.attempt(batch, report: report)
      loader.recycle(batch)
      if learner.control.failedRanks > 0 { try endAfterFailure(failure) }
      switch verdict(on: report) {
      case .goOn:
        if report.nonFinite != nil { learner.passOver() }
        learner.consumedSamples = report.consumedSamples
      case .saveAndEnd(let error):
        try observer?.didStep(report)
        if learner.stepCount > 0 { try save() }
        throw try namingLastCheckpoint(error)
      case .end(let error):
        try observer?.didStep(report)
        throw try namingLastCheckpoint(error)
      }
      timeLimit?.didStep(seconds: report.seconds)
      try observer?.didStep(report)
      try noticeFailedSaves()
      try compareRanksIfDue()

      let isEnd = learner.stepCount == totalSteps
      let isEndOfEpoch = learner.stepCount % stepsPerEpoch == 0
      let epochs = learner.stepCount / stepsPerEpoch
      if isEvaluationDue(after: learner.stepCount) {
        let evaluation = try evaluate(epoch: epochs)
        timeLimit?.didEvaluate(seconds: evaluation.seconds)
        summary.evaluation = evaluation
        if isEnd { try requireFiniteEnd(report, evaluation) }
        owesSave = note(evaluation) || owesSave
        try learner.withAverage { try observer?.didEvaluate(evaluation, learner: learner) }
      }
      let isDue = configuration.checkpoint.everySteps.map { learner.stepCount % $0 == 0 } ?? false
      let asked = learner.agreedRequests
      owesSave = owesSave || isDue || (isEndOfEpoch && epochs % max(1, configuration.checkpoint.every) == 0)
      // What failed in the last step may be the parameters: they are not published before a step with them was finite.
      let isRegular = isEnd || (owesSave && report.nonFinite == nil)
      if isRegular || asked.save || asked.isStop { try save() }
      if asked.isStop, !isEnd {
        summary.wasStopped = true
        summary.stopReason = asked.stop ? "on request" : "before the end of its time (\(timeLimit?.origin ?? "rank 0 says so"))"
        break
      }
    }
    if summary.evaluation == nil, !summary.wasStopped {
      summary.evaluation = try evaluate(epoch: learner.stepCount / max(1, stepsPerEpoch))
    }
    communicator.progress.enter(.finish)
    try finishSaving()
    summary.steps = learner.stepCount
    summary.best = best
    summary.secondsWaitedForData = loader.secondsWaited
    if let contents = try checkpoint() { summary.digest = try contents.digest() }
    try communicator.barrier()
    return summary
  }

  var elapsed: Double { elapsedBefore + Date().timeIntervalSince(started) }

  private func makeLoader() throws -> BatchLoader {
    let data = experiment.configuration.data
    let size = experiment.paddedSize
    var options = BatchLoader.Options()
    options.threads = data.loader.threads
    options.batchesAhead = data.loader.prefetch
    options.cacheBytes = data.loader.cacheMegabytes << 20
    return try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: .train, pipeline: experiment.trainingPipeline,
        order: SampleOrder(seed: UInt64(bitPattern: Int64(experiment.configuration.seed)), count: plan.sampleCount), plan: plan,
        rank: communicator.rank, height: size.height, width: size.width),
      epoch: learner.stepCount / stepsPerEpoch, step: learner.stepCount % stepsPerEpoch, options: options)
  }

  private func description() -> TrainingStart {
    var start = TrainingStart()
    start.totalSteps = totalSteps
    start.stepsPerEpoch = stepsPerEpoch
    start.epochs = experiment.configuration.training.epochs
    start.firstStep = learner.stepCount
    start.parameterCount = learner.network.parameterCount
    start.arenaByteCount = learner.network.arenaByteCount
    start.reduction = learner.gradientReduction.strategy
    start.resumed = notes
    return start
  }

  /// Judges the network that a checkpoint of this step would hold. Collective.
  private func evaluate(epoch: Int) throws -> EvaluationReport {
    try learner.withAverage {
      try learner.withRootStatistics {
        try evaluator.evaluate(learner.network, objective: learner.objective, step: learner.stepCount, epoch: epoch)
      }
    }
  }

  /// Remembers the evaluation's metrics and what is best so far.
  /// - Returns: whether one of the watched metrics is better than ever, so that this state has to be kept.
  private func note(_ evaluation: EvaluationReport) -> Bool {
    var isBest = false
    metrics = [:]
    for metric in MetricName.all(classNames: experiment.classNames) {
      if let value = evaluation.value(metric), value.isFinite { metrics[metric.description] = value }
    }
    for metric in bestMetrics {
      let value = evaluation.value(metric)
      let former = best.first { $0.metric == metric.description }
      guard let value, metric.isBetter(value, than: former?.value) else { continue }
      best.removeAll { $0.metric == metric.description }
      best.append(.init(metric: metric.description, value: value, step: evaluation.step))
      isBest = true
    }
    return isBest
  }
}
