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
  /// Without synchronization each rank keeps running statistics of its own; rank zero's are saved.
  let experimentHasLocalStatistics: Bool
  /// Those of all ranks from a checkpoint, on rank zero until they are given out.
  var localStatistics: [[Float]] = []
  /// What this rank has been asked; goes with the next step's sum.
  public var requests = Requests()
  /// What all ranks agreed on in the last step.
  public var agreedRequests: Requests { control.requests }
  /// Set where this rank cannot go on: the next step is then left out on all ranks, and they learn why.
  package var hasFailed = false
  /// The whole of what they agreed on.
  private(set) var control = ControlWord()
  /// What went wrong so far.
  package var watch: StepWatch
  let undo: StepUndo
  private let leavesOutSpikes: Bool
  /// Whether this rank's own sums of the last step had a number that is not finite.
  private(set) var hasNonFiniteSums = false
  private let clipping: GradientClipping?
  /// The average of the parameters, if one is kept.
  let average: WeightAverage?
  /// What auxiliary outputs are trained with; nil where there are none.
  let auxiliary: AuxiliaryLoss?
  private var packed: [Double]
  private let stepsPerEpoch: Int

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
    experimentHasLocalStatistics = configuration.model.batchNorm == .local
    let seed = UInt64(bitPattern: Int64(configuration.seed))
    self.objective = objective
    schedule = try Learner.schedule(configuration, totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch)
    clipping = try configuration.gradientClipping.map { try GradientClipping(maximumNorm: $0) }
    auxiliary = try AuxiliaryLoss(graph)
    packed = Array(repeating: 0, count: objective.packedCount + (auxiliary?.packedCount ?? 0) + ControlWord.packedCount)
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
    var reduction: (any ReducibleBuffer)?
    network = try Network(
      graph: graph, images: images, height: size.height, width: size.width, seed: seed, options: options
    ) { floatCount in
      if communicator.isRoot, isMeasured { try Learner.send(choices, communicator) }
      let made = try communicator.reducibleBuffer(floatCount: floatCount, wirePrecision: configuration.engine.wire)
      reduction = made
      return made.buffer
    }
    guard let reduction else { throw LongtailError(.internalError, "the network asked for no gradient buffer") }
    gradientReduction = reduction
    self.choices = choices
    if let plan, isMeasured, communicator.size > 1 || !plan.dropLast || microBatches > 1 {
      if communicator.isRoot {
        for images in plan.shares where images > 0 { _ = try network.trainingPlan(images: images, height: size.height, width: size.width) }
        try Learner.send(choices, communicator)
      } else {
        try Learner.receive(choices, communicator)
      }
    }
    undo = StepUndo(network)
    optimizer = try OptimizerRegistry.make(
      configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: network.parameters.floatCount,
      ranges: try Learner.parameterRanges(network, configuration))
    average = configuration.training.exponentialMovingAverage.map { [network] in WeightAverage(of: network, decay: $0.decay) }
    try requireEqualLayouts()
  }

  /// Moves the parameters by one batch, of which this rank holds a share (possibly none). Collective.
  /// - Throws: `LongtailError` when loss or gradient are not finite, with everything as it was before, or from the library or MPI.
  public func step(_ batch: Batch, phases start: StepReport = StepReport()) throws -> StepReport {
    let report = try attempt(batch, report: start)
    if let found = report.nonFinite { throw notFinite(found) }
    return report
  }

  /// Does a step, unless something about it is wrong: then everything is on every rank as it was before, and the report says why. Collective.
  ///
  /// A step that is not finite, or that a rank could not take part in, is not counted either; that is left to the caller.
  package func attempt(_ batch: Batch, report start: StepReport = StepReport()) throws -> StepReport {
    var clock = PhaseClock()
    let plan = try pass(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    let reducedBefore = gradientReduction.bytesReduced
    undo.remember(network, objective)
    let result = try gradients(batch, plan: plan, context: context, clock: &clock)
    let learningRate = schedule.rate(atStep: stepCount)
    var report = start
    report.step = stepCount + 1
    report.epoch = batch.epoch
    report.loss = result.loss
    report.auxiliaryLoss = auxiliary?.loss
    report.validPixels = result.validPixels
    report.pixelsPerClass = result.pixelsPerClass
    report.gradientNormPerClass = result.gradientNormPerClass
    report.scalePerClass = result.scalePerClass
    report.learningRate = learningRate
    report.bytesReduced = gradientReduction.bytesReduced - reducedBefore
    func finished() -> StepReport {
      report.phases += clock.phases
      return report
    }

    // All that is asked here is equal on all ranks, like the sums: all take the same branch.
    if control.failedRanks > 0 {
      report.isSkipped = true
      try undo.undo(network, objective)
      return finished()
    }
    communicator.progress.enter(.update)
    report.gradientNorm = result.isFinite ? globalNorm(of: network.gradients) : .nan
    guard report.gradientNorm.isFinite else {
      report.isSkipped = true
      try undo.undo(network, objective)
      report.nonFinite = try diagnose(result.isFinite ? .gradient : .loss, batch, plan: plan, context: context)
      watch.didLeaveOutNonFinite()
      return finished()
    }
    report.spikes = watch.spikes(loss: report.loss, gradientNorm: report.gradientNorm)
    watch.didMeasure(loss: report.loss, gradientNorm: report.gradientNorm, spikes: report.spikes.count)
    if leavesOutSpikes, !report.spikes.isEmpty {
      report.isSkipped = true
      try undo.undo(network, objective)
    } else {
      try optimizer.update(
        parameters: network.parameters, gradients: network.gradients, learningRate: learningRate,
        gradientScale: clipping?.scale(forNorm: report.gradientNorm) ?? 1)
      average?.update(from: network)
    }
    clock.end("update")
    stepCount += 1
    return finished()
  }

  /// Counts a step that was left out because it was not finite, so that the next one takes the next batch.
  func passOver() { stepCount += 1 }

  /// Computes loss and summed gradients of one batch and leaves the parameters alone. Collective.
  /// - Throws: `LongtailError` when the loss is not finite, or from the library or MPI.
  public func gradients(_ batch: Batch) throws -> StepResult {
    var clock = PhaseClock()
    let plan = try pass(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    undo.remember(network, objective)
    let result = try gradients(batch, plan: plan, context: context, clock: &clock)
    if !result.isFinite {
      try undo.undo(network, objective)
      throw notFinite(try diagnose(.loss, batch, plan: plan, context: context))
    }
    return result
  }

  /// A loss that is not finite leaves the gradients alone.
  private func gradients(_ batch: Batch, plan: any TrainingPass, context: StepContext, clock: inout PhaseClock) throws -> StepResult {
    let result = try lossAndLogitsGradient(batch, plan: plan, context: context, clock: &clock)
    guard result.isFinite, control.failedRanks == 0 else { return result }
    communicator.progress.enter(.backward)
    try plan.backward()
    clock.end("backward")
    communicator.progress.enter(.reduce)
    try gradientReduction.sum()
    clock.end("reduceGradients")
    return result
  }

  /// The loss of the global batch, and its gradient at this rank's logits. Collective.
  func lossAndLogitsGradient(_ batch: Batch, plan: any TrainingPass, context: StepContext, clock: inout PhaseClock) throws -> StepResult {
    communicator.progress.enter(.forward, step: stepCount + 1)
    plan.withInput { input in
      batch.images.withFloats { images in for i in input.indices { input[i] = images[i] } }
    }
    network.setSamples(
      batch.sampleIndices.map { CounterRandom(seed: dropoutSeed, purpose: .dropout, epoch: batch.epoch, sample: $0) })
    try plan.forward()
    clock.end("forward")
    communicator.progress.enter(.objective)

    if objective.needsClassifierGram {
      guard let head = try network.classifierWeights() else { throw ClassifierGram.unavailable(network: "this network") }
      try objective.setClassifierGram(
        try ClassifierGram.products(weights: head.weights, classes: head.classes, features: head.features))
    }
    try prepareObjective(batch, logits: plan.logits, context: context, clock: &clock)
    return try batch.labels.withUnsafeBufferPointer { labels in
      try objective.measure(
        logits: plan.logits, labels: labels, gradient: plan.logitsGradient, into: &packed, at: 0, step: context)
      try auxiliary?.measure(plan, labels: labels, into: &packed, at: objective.packedCount, step: context)
      clock.end("objective")
      communicator.progress.enter(.reduce)
      let sums = objective.packedCount + (auxiliary?.packedCount ?? 0)
      hasNonFiniteSums = !packed[..<sums].allSatisfy(\.isFinite)
      ControlWord.pack(
        isFinite: !hasNonFiniteSums, hasFailed: hasFailed, requests: requests, step: stepCount, into: &packed, at: sums)
      try communicator.sum(&packed)
      control = ControlWord(packed: packed, at: sums, ranks: communicator.size)
      try control.requireSameStep(stepCount)
      clock.end("reduceStatistics")
      communicator.progress.enter(.objective)
      var result = try objective.finish(packed: packed, at: 0, step: context)
      try auxiliary?.finish(packed: packed, at: objective.packedCount, step: context)
      if control.nonFiniteRanks > 0 || auxiliary?.loss.isFinite == false { (result.isFinite, result.loss) = (false, .nan) }
      if result.isFinite, control.failedRanks == 0 {
        try objective.complete(gradient: plan.logitsGradient, logits: plan.logits, labels: labels, result: result)
        try auxiliary?.complete(plan, labels: labels)
      }
      clock.end("objective")
      return result
    }
  }

  private func notFinite(_ found: NonFiniteReport) -> LongtailError {
    LongtailError(
      .notFinite,
      found.text(sampleName: String.init, classNames: found.pixelsPerClass.indices.map { "class \($0)" }),
      advice: NonFiniteReport.advice)
  }

  private var dropoutSeed: UInt64 { 0x6c6f_6e67_7461_696c }

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
