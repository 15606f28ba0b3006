import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Tensors

/// A training run: epochs of steps, evaluation and checkpoints in between, the same on one process and on many ranks.
///
/// Rank zero alone writes; the others only compute. Checkpoints are taken between steps, so a run that goes on from one repeats
/// exactly the steps that followed it.
package final class Trainer {
  /// What is trained.
  package let experiment: Experiment
  /// The class counts that objective and groups rest on.
  package let statistics: ClassStatistics
  /// Network, objective and optimizer.
  package let learner: Learner
  /// Which algorithms the convolutions use, and who chose them.
  package let algorithms: AlgorithmRecord
  /// Steps of an epoch.
  package var stepsPerEpoch: Int { schedule.stepsPerEpoch }
  /// Steps of the whole run.
  package var totalSteps: Int { schedule.totalSteps }

  let communicator: any Communicator
  let observer: (any TrainingObserver)?
  /// Where each rank says what it holds, should the ranks come apart.
  let crashDirectory: String?
  /// Whether checkpoints are kept, on any rank.
  let hasCheckpoints: Bool
  let schedule: RunSchedule
  let nonFinitePolicy: NonFinitePolicy
  var saving: SavePolicy
  var scores: BestScores
  var stopping: EarlyStopping?
  /// Rank zero's way to the disk, if checkpoints are kept.
  let saver: CheckpointSaver?
  /// Rank zero's limit in time, if there is one.
  var timeLimit: TimeLimit?
  private let requests: () -> Requests
  /// The step behind which the run pauses; nil where it goes on to its end.
  private let pauseStep: Int?
  private let evaluator: Evaluator
  private let division: BatchDivision
  private let sampler: any Sampler
  private let pipeline: any InputPipeline
  private let elapsedBefore: Double
  private let started = Date()
  private let notes: [String]

  /// Makes ready for the first step, or for the one after a checkpoint. Collective.
  /// - Parameters:
  ///   - checkpoints: the directory of checkpoints; nil keeps none.
  ///   - resume: where to begin; nil does not look for checkpoints, for a run that will replace those that are there.
  ///   - observer: hears of everything, on rank zero.
  ///   - crashDirectory: where each rank writes what it holds when the ranks have come apart; nil for nowhere.
  ///   - requests: asked before each step, on every rank.
  /// - Throws: `LongtailError` for anything that would not work, before the first step. Nothing is written yet.
  package convenience init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, checkpoints: String?, resume: ResumePolicy?,
    observer: (any TrainingObserver)?, crashDirectory: String? = nil, requests: @escaping () -> Requests = { Requests() }
  ) throws {
    try self.init(
      experiment, statistics: statistics, communicator: communicator, checkpoints: checkpoints, resume: resume, observer: observer,
      crashDirectory: crashDirectory, requests: requests, method: experiment.method)
  }

  /// The same for a stage, or with a method that composes the step.
  /// - Parameters:
  ///   - method: the parts of a step.
  ///   - surroundings: what a stage finds around it: what it begins with where it is not resumed, and the stages before it.
  ///   - share: of the whole run's epochs, behind which the run pauses with a complete checkpoint; nil trains to the end. Nothing else
  ///     knows of the pause: the learning rate's schedule is that of the whole run, which goes on later as if there had been none.
  package init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, checkpoints: String?, resume: ResumePolicy?,
    observer: (any TrainingObserver)?, crashDirectory: String? = nil, requests: @escaping () -> Requests = { Requests() },
    method: any Method, surroundings: StageSurroundings = StageSurroundings(), pausingAfter share: Double? = nil
  ) throws {
    let configuration = experiment.configuration
    let training = configuration.training
    self.experiment = experiment
    self.statistics = statistics
    self.communicator = communicator
    self.observer = observer
    self.crashDirectory = crashDirectory
    self.requests = requests
    hasCheckpoints = checkpoints != nil
    try experiment.requireTrainable(globalBatch: training.globalBatch, dropLast: training.dropLast)
    scores = try BestScores(watching: configuration.checkpoint.best, of: experiment.scoreTable)
    nonFinitePolicy = NonFinitePolicy(training)
    stopping = try training.earlyStopping.map { try EarlyStopping($0, of: experiment.scoreTable) }
    let classes = statistics.audit.statistics.samples
    sampler = try method.sampler(
      experiment.sampler(classes), experiment.samplerContext(classes), globalBatch: training.globalBatch)
    pipeline = try experiment.trainingPipeline(classes, sampler: sampler)
    division = try BatchDivision(
      sampleCount: sampler.epochLength, globalBatch: training.globalBatch, dropLast: training.dropLast,
      ranks: communicator.size, microBatches: training.accumulate)
    try experiment.requireNormalizable(division)
    schedule = RunSchedule(
      stepsPerEpoch: division.stepsPerEpoch, totalSteps: Trainer.totalSteps(training, stepsPerEpoch: division.stepsPerEpoch),
      evaluationEvery: configuration.evaluation.every)
    pauseStep = share.map { [schedule] in schedule.pauseStep(atShare: $0) }

    let found = try Trainer.findCheckpoint(checkpoints, resume, configuration, communicator)
    let known = try KnownAlgorithms(configuration, resumed: found.contents?.run, isRoot: communicator.isRoot)
    learner = try Learner(
      experiment, statistics: statistics, communicator: communicator, totalSteps: schedule.totalSteps,
      stepsPerEpoch: schedule.stepsPerEpoch, division: division, choices: known.table, cache: known.measured?.table ?? [:], method: method,
      sampler: sampler, stages: surroundings.stages)
    algorithms = known.record(learner.network.report)
    evaluator = Evaluator(experiment, groups: statistics.groups, communicator: communicator)
    var notes = try found.notes + known.keep(learner)
    if found.isResumed {
      try learner.restore(found.contents)
      try scores.restore(found.contents?.run, communicator)
      try stopping?.restore(found.contents?.run.earlyStopping, communicator)
    } else {
      if let origin = surroundings.origin {
        notes += try learner.load(origin)
      } else {
        notes += try learner.loadPretrained(configuration.model)
      }
      notes += try learner.loadPartners(configuration.partnerList(), surroundings.stages)
    }
    try learner.requireEqualStart()
    elapsedBefore = found.contents?.run.elapsedSeconds ?? 0
    saving = SavePolicy(configuration.checkpoint, resumedAt: found.isResumed ? learner.stepCount : nil)
    timeLimit = communicator.isRoot ? TimeLimit(experiment, learner: learner, notes: &notes) : nil
    self.notes = notes
    saver =
      try communicator.isRoot ? checkpoints.map { try CheckpointSaver(directory: $0, configuration.checkpoint, observer: observer) } : nil
    try checkEpilogue()
  }

  /// Trains to the end, or until it is asked to stop. Collective.
  /// - Throws: `LongtailError` for whatever ends the run; checkpoints on disk stay valid.
  package func run() throws -> TrainingSummary { try run(beforeStep: nil) }

  /// The same with something to do with each batch before its step, on every rank: tests damage one rank's numbers there.
  package func run(beforeStep: ((Batch, Learner) throws -> Void)?) throws -> TrainingSummary {
    try saver?.prepare()
    try observer?.trainingWillStart(description())
    let loader = try makeLoader()
    defer { loader.stop() }
    var summary = TrainingSummary()
    while !hasEnded, !isPausing, let report = try step(loader, beforeStep) {
      try judge(report)
      timeLimit?.didStep(seconds: report.seconds)
      try observer?.didStep(report)
      try saver?.noticeFailures()
      try compareRanksIfDue()
      if schedule.isEvaluationDue(after: learner.stepCount) {
        let evaluation = try evaluate()
        summary.evaluation = evaluation
        if schedule.isEnd(after: learner.stepCount) { try requireFiniteEnd(report, evaluation) }
        if scores.note(evaluation.scores, step: evaluation.step) { saving.requestSave() }
        stopping?.note(evaluation.scores, step: evaluation.step)
        try observer?.didEvaluate(evaluation, learner: learner)
        if hasEnded, learner.finished == nil {
          // It ended early: only now is it known that this was the last step.
          try applyEpilogue()
          if learner.finished != nil {
            let evaluation = try evaluate()
            summary.evaluation = evaluation
            if scores.note(evaluation.scores, step: evaluation.step) { saving.requestSave() }
            try observer?.didEvaluate(evaluation, learner: learner)
          }
        }
      }
      if hasEnded || isPausing { try save() }
      if saving.isDue(after: report, steps: learner.stepCount, in: schedule) { try save() }
      if report.requests.isStop, !hasEnded, !isPausing {
        summary.wasStopped = true
        summary.stopReason = report.requests.stop ? "on request" : "before the end of its time (\(timeLimit?.origin ?? "rank 0 says so"))"
        break
      }
    }
    summary.wasPaused = isPausing && !hasEnded && !summary.wasStopped
    if summary.evaluation == nil, !summary.wasStopped, !summary.wasPaused {
      let evaluation = try evaluate()
      summary.evaluation = evaluation
      if totalSteps == 0 {
        // The epilogue is all there is to this stage.
        _ = scores.note(evaluation.scores, step: evaluation.step)
        try observer?.didEvaluate(evaluation, learner: learner)
        try save()
      }
    }
    communicator.progress.enter(.finish)
    try saver?.finish()
    summary.steps = learner.stepCount
    summary.best = scores.best
    summary.earlyEnd = schedule.isEnd(after: learner.stepCount) ? nil : stopping?.reason
    summary.secondsWaitedForData = loader.secondsWaited
    if let contents = try checkpoint() { summary.digest = try contents.digest() }
    try communicator.barrier()
    return summary
  }

  /// Whether the run is over: by its steps, or because it gets no better.
  private var hasEnded: Bool { schedule.isEnd(after: learner.stepCount) || stopping?.isOver ?? false }

  /// Whether the run is where it is to pause, or beyond.
  private var isPausing: Bool { pauseStep.map { learner.stepCount >= $0 } ?? false }

  /// Does a step; nil where the loader has no more batches. Collective.
  private func step(_ loader: BatchLoader, _ beforeStep: ((Batch, Learner) throws -> Void)?) throws -> StepReport? {
    let clock = PhaseClock(communicator.progress)
    let (next, failure) = try clock.phase(.data, step: learner.stepCount + 1) { try nextBatch(loader) }
    guard let batch = next else { return nil }
    defer { loader.recycle(batch) }
    var notice = StepNotice()
    notice.images = division.positions(step: batch.step).count
    notice.requests = currentRequests()
    notice.hasFailed = failure != nil
    try beforeStep?(batch, learner)
    let report = try learner.takeStep(batch, notice, clock: clock)
    if report.failedRanks > 0 { try endAfterFailure(failure) }
    return report
  }

  /// What this rank has been asked. Rank zero also looks at the clock.
  private func currentRequests() -> Requests {
    var asked = requests()
    let now = Date().timeIntervalSince1970
    timeLimit?.didSee(publishedStep: saver?.lastPublishedStep, now: now)
    let evaluationIsDue = schedule.isEvaluationDue(after: learner.stepCount + 1)
    if timeLimit?.isReached(now: now, evaluationIsDue: evaluationIsDue) ?? false { asked.timeIsUp = true }
    return asked
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
        dataset: experiment.dataset, split: .train, pipeline: pipeline, order: sampler, division: division,
        rank: communicator.rank, height: size.height, width: size.width, targets: experiment.targets(ofSize: size)),
      epoch: schedule.epochs(after: learner.stepCount), step: learner.stepCount % stepsPerEpoch, options: options)
  }

  private func description() -> TrainingStart {
    var start = TrainingStart()
    start.totalSteps = totalSteps
    start.stepsPerEpoch = stepsPerEpoch
    start.epochs = experiment.configuration.training.epochs
    start.firstStep = learner.stepCount
    start.parameterCount = learner.network.parts.reduce(0) { $0 + $1.parameterCount }
    start.arenaByteCount = learner.network.arenaByteCount
    start.reduction = learner.gradientReduction.strategy
    start.resumed = notes
    return start
  }

  /// Judges the network that a checkpoint of this step would hold. Collective.
  private func evaluate() throws -> EvaluationReport {
    if hasEnded { try applyEpilogue() }
    let report = try learner.withRootStatistics {
      try evaluator.evaluate(
        learner.judgedNetwork, parameters: learner.judged, objective: learner.objective, step: learner.stepCount,
        epoch: schedule.epochs(after: learner.stepCount))
    }
    timeLimit?.didEvaluate(seconds: report.seconds)
    return report
  }
}
