import Collectives
import Configuration
import Datasets
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

/// One training run in its directory, from the first look at the data to the table of classes: what `train` does once and `compare` often.
struct TrainingRun {
  /// How a run ended.
  enum Ending: Equatable {
    /// At its last step.
    case finished
    /// Somebody asked to stop; the checkpoint is complete.
    case stopped
    /// Where it was to pause; the checkpoint is complete.
    case paused
  }

  let experiment: Experiment
  /// What a stage finds around it.
  private let surroundings: StageSurroundings
  private let communicator: any Communicator
  private let budget: ThreadBudget
  /// Where to begin; nil replaces an earlier run.
  private let resume: ResumePolicy?
  private var directoryPath: String { experiment.configuration.outputDirectory }
  private var checkpointsPath: String { directoryPath + "/checkpoints" }

  /// Sets the compute threads and looks at the data. Collective.
  /// - Parameters:
  ///   - resume: where to begin; nil removes an earlier run in the same directory, once all else is known to work.
  ///   - surroundings: what a stage begins with that is not resumed, and the stages before it.
  /// - Throws: `LongtailError` for a configuration that cannot work, or that is not the same on all ranks.
  init(
    _ configuration: Configuration, communicator: any Communicator, resume: ResumePolicy?,
    surroundings: StageSurroundings = StageSurroundings()
  ) throws {
    guard configuration.stages?.isEmpty ?? true else {
      throw LongtailError(
        .internalError, "a run of several stages has to be trained stage by stage")
    }
    self.surroundings = surroundings
    self.communicator = communicator
    self.resume = resume
    budget = try communicator.threadBudget()
    ComputePool.configure(threadCount: configuration.engine.threads ?? budget.threads)
    communicator.checksCollectives = configuration.engine.checkCollectives
    communicator.progress.enter(.start, step: 0)
    if configuration.watchdog.enabled {
      communicator.watch(WatchdogLimits(configuration.watchdog), crashDirectory: configuration.outputDirectory + "/crash")
    }
    // Before all files are read for what only comes into play later.
    try configuration.checkNames()
    let whole = try Experiment(configuration)
    try RankComparison.requireEqual(whole, communicator: communicator)
    experiment = try whole.withoutBadFiles(communicator: communicator)
  }

  /// Says on rank zero what the run has to compute with.
  func announceMachine() throws {
    let warnings = try budget.warnings(communicator)
    guard communicator.isRoot else { return }
    printNow(
      "longtail \(Versions.longtail), \(communicator.size) rank\(communicator.size == 1 ? "" : "s") on "
        + "\(communicator.hostCount) host\(communicator.hostCount == 1 ? "" : "s"), \(ComputePool.threadCount) compute thread"
        + "\(ComputePool.threadCount == 1 ? "" : "s") a rank (\(budget.summary))\n")
    for warning in warnings { printNow("warning: \(warning)\n") }
    printNow(experiment.skippedSamples)
  }

  /// Whether the run is at its last step, or where it is to pause; nothing is made or written to find out. Collective.
  /// - Parameter share: of the whole run's epochs, behind which it is to pause; nil for the end.
  /// - Throws: `LongtailError` when it could not be resumed either.
  func isFinished(pausingAfter share: Double? = nil) throws -> Bool {
    try Trainer.isFinished(experiment, checkpoints: checkpointsPath, communicator: communicator, pausingAfter: share)
  }

  /// The step that the run ends with, or pauses behind.
  /// - Throws: `LongtailError` when there is nothing to train on.
  func lastStep(pausingAfter share: Double?) throws -> Int {
    let schedule = try Trainer.schedule(of: experiment)
    return share.map { schedule.pauseStep(atShare: $0) } ?? schedule.totalSteps
  }

  /// Trains to the end, or until somebody asks to stop. Collective.
  /// - Parameters:
  ///   - requests: what is requested from outside, asked before each step.
  ///   - audit: a count of the same labels from another run, taken where this one has none; its digest is compared.
  ///   - share: of the whole run's epochs, behind which the run pauses; nil trains to the end.
  /// - Throws: `LongtailError` for whatever ends the run; the directory is free for others afterwards.
  func train(requests: @escaping () -> Requests, audit: String? = nil, pausingAfter share: Double? = nil) throws -> Ending {
    let directory = communicator.isRoot ? try runDirectory(directoryPath) : nil
    // Whatever happens, others may use the directory afterwards.
    defer { directory?.close() }
    if let directory { try RunFiles.writeSkipped(experiment, in: directory) }
    if let directory, hasCheckpoints { try SampleListFiles.requireSame(experiment, in: directory) }
    if let takeover = directory?.takeover { printNow("\(takeover)\n") }
    let record = directory?.file("label-audit.json") ?? (communicator.isRoot ? nil : "")
    if let directory, let audit, !FileManager.default.fileExists(atPath: directory.file("label-audit.json")) {
      // Without it the labels are counted again.
      try? FileManager.default.copyItem(atPath: audit, toPath: directory.file("label-audit.json"))
    }
    let statistics = try ClassStatistics.collect(
      experiment, communicator: communicator, record: record, threads: max(1, experiment.configuration.data.loader.threads))
    try statistics.audit.statistics.files.requireRange()
    try experiment.requireOneSize(statistics.audit)
    try experiment.task.requireTrainable(statistics.audit.statistics)
    let audits = [statistics.audit] + [try checkEvaluationLabels(directory, training: statistics)].compactMap { $0 }
    if communicator.isRoot { for remark in experiment.remarks(on: audits) { printNow("warning: \(remark)\n") } }
    var reporter: RunReporter?
    if let directory {
      reporter = RunReporter(
        experiment, statistics: statistics, directory: directory, terminal: Terminal.detect(descriptor: 1), write: printNow)
    }
    let trainer = try Trainer(
      experiment, statistics: statistics, communicator: communicator, checkpoints: checkpointsPath, resume: resume, observer: reporter,
      crashDirectory: "\(directoryPath)/crash", requests: requests, method: experiment.method, surroundings: surroundings,
      pausingAfter: share)
    // From here on all is known to work: only now is an earlier run touched.
    if let directory {
      if resume == nil { try RunFiles.removeEarlierRun(directory.path) }
      try RunFiles.describe(experiment, statistics, communicator, trainer.algorithms, in: directory)
    }
    try directory?.markStopped(nil)
    let summary = try trainer.run()
    try reporter?.finish(summary)
    if summary.wasStopped { try directory?.markStopped("step \(summary.steps), \(summary.stopReason)") }
    if summary.wasPaused { try directory?.markStopped("step \(summary.steps), paused as planned") }
    return summary.wasStopped ? .stopped : summary.wasPaused ? .paused : .finished
  }

  /// Whether there is something to go on from.
  private var hasCheckpoints: Bool {
    guard resume == .auto || resume == .required else { return false }
    return !((try? FileManager.default.contentsOfDirectory(atPath: checkpointsPath)) ?? []).isEmpty
  }

  /// Reads the labels that evaluation will need: late in a run is too late to find them wrong. Collective.
  private func checkEvaluationLabels(_ directory: RunDirectory?, training: ClassStatistics) throws -> LabelAudit? {
    try experiment.requireEvaluable()
    let split = experiment.evaluationSplit
    if split == .train { return nil }
    let counted = try ClassStatistics.collect(
      experiment, split: split, communicator: communicator, record: directory?.file("label-audit-\(split.shortName).json"),
      threads: max(1, experiment.configuration.data.loader.threads))
    try counted.audit.statistics.files.requireRange()
    try experiment.requireOneSize(counted.audit)
    let found = counted.audit.statistics
    try experiment.task.requireJudgeable(found, split: split)
    if communicator.isRoot {
      for line in experiment.task.remarks(training: training.audit.statistics, evaluated: found, split: split) {
        printNow("warning: \(line)\n")
      }
    }
    return counted.audit
  }

  private func runDirectory(_ path: String) throws -> RunDirectory {
    switch resume {
    case nil, .auto: return try RunDirectory.open(at: path)
    case .never: return try RunDirectory.create(at: path)
    case .required: return try RunDirectory.reopen(at: path)
    }
  }
}
