import Collectives
import Configuration
import Datasets
import Images
import Kernels
import Models
import Networks
import Objectives
import Optimizers
import Tensors
import Threading

/// Network, objective and optimizer of one rank, and the step that moves them: forward, loss, one packed sum, backward, one flat sum, update.
///
/// Ranks that begin equal stay equal: every number that decides anything is summed over all of them first.
public final class Learner {
  /// The network with its numbers.
  public let network: Network
  /// What is minimized.
  public let objective: any Objective
  /// What moves the parameters.
  public let optimizer: any Optimizer
  /// The learning rate by step.
  public let schedule: LearningRateSchedule
  /// Algorithms of the convolutions, equal on all ranks.
  public let choices: AlgorithmChoices
  /// How gradients are summed.
  public let gradientReduction: any ReducibleBuffer

  /// Parts that a step's images are processed in.
  let microBatches: Int
  let communicator: any Communicator
  /// Whether batch norm is not synchronized: each rank then has running statistics of its own, and rank zero's are those of the model.
  let hasLocalStatistics: Bool
  /// What this rank has to say about the step at hand.
  var requests = Requests()
  var hasFailed = false
  /// What all ranks have agreed on in the middle of the step at hand.
  var control = ControlWord()
  /// What went wrong so far.
  package var watch: StepWatch
  let undo: StepUndo
  private let leavesOutSpikes: Bool
  /// Whether this rank's own sums of the last step had a number that is not finite.
  var hasNonFiniteSums = false
  private let clipping: GradientClipping?
  /// The average of the parameters, if one is kept.
  let average: WeightAverage?
  /// What the loss consists of: the objective at the logits, and what auxiliary heads add.
  let terms: TermList
  private let stepsPerEpoch: Int
  /// Dropout's masks are functions of the run's seed, like everything that is random.
  let dropoutSeed: UInt64

  /// Steps done so far.
  public internal(set) var stepCount = 0
  /// Images seen so far by all ranks.
  public internal(set) var consumedSamples = 0
  /// Epochs completed.
  public var epochCount: Int { stepCount / stepsPerEpoch }

  /// Makes everything; the first values of the parameters are a function of the seed. Collective.
  /// - Parameters:
  ///   - plan: how batches are shared out; algorithms are then chosen for every share that occurs, so that they are on record from the
  ///     first checkpoint on. Without it they are chosen for a full batch, and for others when they come.
  ///   - known: algorithms on record; only rank zero's count.
  ///   - cache: algorithms that other runs have measured on this machine; only rank zero's count.
  /// - Throws: `LongtailError` for settings that make no sense, or when ranks disagree.
  public convenience init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int,
    plan: BatchPlan? = nil, choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:]
  ) throws {
    try self.init(
      configuration: experiment.configuration, graph: experiment.graph, inputSize: experiment.paddedSize,
      objective: try statistics.objective(experiment.configuration), communicator: communicator,
      totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch, plan: plan, choices: known, cache: cache)
  }

  /// Makes everything without a data set: of the configuration all but `data` and `evaluation` counts. Collective.
  /// - Parameters:
  ///   - size: extents of the images, multiples of the network's stride.
  ///   - objective: what is minimized; the same on all ranks.
  /// - Throws: `LongtailError` for settings that make no sense, or when ranks disagree.
  public init(
    configuration: Configuration, graph: Graph, inputSize size: ImageSize, objective: any Objective,
    communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int, plan: BatchPlan? = nil,
    choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:]
  ) throws {
    self.communicator = communicator
    self.stepsPerEpoch = max(1, stepsPerEpoch)
    hasLocalStatistics = configuration.model.batchNorm == .local
    let seed = UInt64(bitPattern: Int64(configuration.seed))
    dropoutSeed = seed
    self.objective = objective
    schedule = try Learner.schedule(configuration, totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch)
    clipping = try configuration.gradientClipping.map { try GradientClipping(maximumNorm: $0) }
    terms = try Learner.terms(objective, graph)
    let training = configuration.training
    watch = StepWatch(threshold: training.spikeThreshold, looksForSpikes: training.spikes != .ignore)
    leavesOutSpikes = training.spikes == .skip

    microBatches = configuration.training.accumulate
    let atOnce = (configuration.training.globalBatch + microBatches - 1) / microBatches
    let images = (atOnce + communicator.size - 1) / communicator.size
    let synchronizes = configuration.model.batchNorm != .local && communicator.size > 1
    let choices = AlgorithmChoices(known, cache: cache)
    let policy = configuration.engine.policy(choices)
    // What is on record at rank zero holds for all; where it measures besides, the others wait for its choices before they compile.
    let isMeasured = configuration.engine.algorithms == .measured
    if communicator.isRoot, !isMeasured { try Learner.send(choices, communicator) }
    if !communicator.isRoot { try Learner.receive(choices, communicator) }
    let options = PlanOptions(
      synchronize: synchronizes ? { [communicator] in try communicator.sum($0) } : nil, algorithms: policy)
    network = try Network(graph: graph, images: images, height: size.height, width: size.width, seed: seed, options: options)
    // What cannot be computed is refused now, before the first step.
    let shares = isMeasured ? plan?.shares.filter { $0 > 0 } ?? [images] : [images]
    for images in shares { _ = try network.trainingPlan(images: images, height: size.height, width: size.width) }
    if isMeasured, communicator.isRoot { try Learner.send(choices, communicator) }
    self.choices = choices
    gradientReduction = try communicator.reducibleBuffer(
      floatCount: network.layout.floatCount, wirePrecision: configuration.engine.wire)
    network.useGradients(gradientReduction.buffer)
    undo = StepUndo(network)
    optimizer = try OptimizerRegistry.make(
      configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: network.parameters.floatCount,
      ranges: try Learner.parameterRanges(network, configuration))
    average = configuration.training.exponentialMovingAverage.map { [network] in WeightAverage(of: network, decay: $0.decay) }
    try requireEqualLayouts()
  }

  /// Moves the parameters by one batch, of which this rank holds a share (possibly none). Collective.
  /// - Throws: `LongtailError` when loss or gradient are not finite, with everything as it was before, or from the library or MPI.
  public func step(_ batch: Batch) throws -> StepReport {
    let report = try attempt(batch)
    if let found = report.nonFinite { throw notFinite(found) }
    return report
  }

  /// Does a step, unless something about it is wrong: then everything is on every rank as it was before, and the report says why. Collective.
  ///
  /// A step that is not finite, or that a rank could not take part in, is not counted either; that is left to the caller.
  package func attempt(_ batch: Batch, _ notice: StepNotice = StepNotice()) throws -> StepReport {
    try attempt(batch, notice, clock: PhaseClock(communicator.progress))
  }

  /// The same with a clock that knows the phases before the step.
  func attempt(_ batch: Batch, _ notice: StepNotice, clock given: PhaseClock) throws -> StepReport {
    var clock = given
    (requests, hasFailed) = (notice.requests, notice.hasFailed)
    let plan = try pass(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    let reducedBefore = gradientReduction.bytesReduced
    undo.remember(network)
    let loss = try gradients(batch, plan: plan, context: context, clock: &clock)
    var report = report(on: loss, batch, notice)
    report.bytesReduced = gradientReduction.bytesReduced - reducedBefore
    // All that is asked here is equal on all ranks, like the sums: all take the same branch.
    if control.failedRanks > 0 {
      report.isSkipped = true
      undo.undo(network)
    } else {
      report.gradientNorm = loss.isFinite ? clock.phase(.update) { globalNorm(of: network.gradients) } : .nan
      if report.gradientNorm.isFinite {
        try clock.phase(.update) { try update(&report, loss, context) }
        count(images: notice.images)
      } else {
        report.isSkipped = true
        undo.undo(network)
        report.nonFinite = try diagnose(loss.isFinite ? .gradient : .loss, batch, plan: plan, context: context)
        watch.didLeaveOutNonFinite()
      }
    }
    report.phases = clock.phases
    return report
  }

  /// What is known about a step before its parameters are moved.
  private func report(on loss: StepLoss, _ batch: Batch, _ notice: StepNotice) -> StepReport {
    let result = loss.main
    var report = StepReport()
    report.step = stepCount + 1
    report.epoch = batch.epoch
    report.images = notice.images
    report.consumedSamples = consumedSamples + notice.images
    report.loss = result.loss
    report.auxiliaryLoss = loss.auxiliary
    report.validPixels = result.validPixels
    report.pixelsPerClass = result.pixelsPerClass
    report.gradientNormPerClass = result.gradientNormPerClass
    report.scalePerClass = result.scalePerClass
    report.learningRate = schedule.rate(atStep: stepCount)
    report.requests = control.requests
    report.failedRanks = control.failedRanks
    return report
  }

  /// Moves the parameters, unless the step is a spike that is to be left out.
  private func update(_ report: inout StepReport, _ loss: StepLoss, _ context: StepContext) throws {
    report.spikes = watch.spikes(loss: report.loss, gradientNorm: report.gradientNorm)
    watch.didMeasure(loss: report.loss, gradientNorm: report.gradientNorm, spikes: report.spikes.count)
    if leavesOutSpikes, !report.spikes.isEmpty {
      report.isSkipped = true
      return undo.undo(network)
    }
    try optimizer.update(
      parameters: network.parameters, gradients: network.gradients, learningRate: report.learningRate,
      gradientScale: clipping?.scale(forNorm: report.gradientNorm) ?? 1)
    try terms.commit(loss.sums, step: context)
    average?.update(from: network)
  }

  /// Counts a step; also one that was left out because it was not finite, where the next one is to take the next batch.
  /// - Parameter images: those of the global batch.
  func count(images: Int) {
    stepCount += 1
    consumedSamples += images
  }

  func notFinite(_ found: NonFiniteReport) -> LongtailError {
    LongtailError(
      .notFinite,
      found.text(sampleName: String.init, classNames: found.pixelsPerClass.indices.map { "class \($0)" }),
      advice: NonFiniteReport.advice)
  }

  private func requireEqualLayouts() throws {
    let digest = StateDigest(bytes: Array(network.layoutDescription.utf8))
    var parts = [Double(digest.value >> 32), Double(digest.value & 0xFFFF_FFFF)]
    let own = parts
    try communicator.minimum(&parts)
    let smallest = parts
    parts = own
    try communicator.maximum(&parts)
    guard smallest == parts else {
      throw LongtailError(
        .mismatch, "the ranks arrange their parameters differently",
        advice: "Run the same build of longtail and oneDNN on processors with the same instruction set.")
    }
  }
}

extension StateDigest {
  /// Digest of text or other bytes.
  init(bytes: [UInt8]) { self = bytes.withUnsafeBytes { StateDigest(bytes: $0) } }
}
