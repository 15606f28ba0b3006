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

/// Networks, terms and optimizers of one rank, and the step that moves them: forward, loss, one packed sum, backward, one flat sum, update.
///
/// Which networks take part beside the one that is trained, what is minimized and what follows a step is said by a `Method`; the plain one
/// is the objective at the logits. Ranks that begin equal stay equal: every number that decides anything is summed over all of them first.
package final class Learner {
  /// The network that is trained, with its numbers.
  package let network: Network
  /// What is minimized at its logits.
  package let objective: any Objective
  /// What moves its parameters.
  package var optimizer: any Optimizer { trained[0].optimizer }
  /// The learning rate by step.
  package let schedule: LearningRateSchedule
  /// Algorithms of the convolutions, equal on all ranks.
  package let choices: AlgorithmChoices
  /// How the network's gradients are summed.
  package var gradientReduction: any ReducibleBuffer { trained[0].reduction }

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
  let leavesOutSpikes: Bool
  /// Whether this rank's own sums of the last step had a number that is not finite.
  var hasNonFiniteSums = false
  let clipping: GradientClipping?
  /// The average of the parameters, if one is kept.
  let average: WeightAverage?
  /// The networks that take part in a step.
  let networks: StepNetworks
  /// Those that are moved: the network, then what is chained behind it.
  let trained: [TrainedNetwork]
  /// What the loss consists of.
  let terms: TermList
  /// What the epilogue has made of the network, behind the last step.
  var finished: Network?
  /// Times the parts of steps, where a benchmark asks for them.
  var parts: PartClock? {
    didSet { for next in networks.chain { (next.link as? any TimedLink)?.clock = parts } }
  }
  /// The network that is judged and published.
  package var judgedNetwork: Network { finished ?? network }
  /// What moves after a step.
  let followers: [any Follower]
  /// What gives the samples of each step, where the learner was given one: what it remembers is part of the state.
  let sampler: (any Sampler)?
  private let stepsPerEpoch: Int
  /// Dropout's masks are functions of the run's seed, like everything that is random.
  let dropoutSeed: UInt64

  /// Steps done so far.
  package internal(set) var stepCount = 0
  /// Images seen so far by all ranks.
  package internal(set) var consumedSamples = 0
  /// Epochs completed.
  package var epochCount: Int { stepCount / stepsPerEpoch }

  /// Makes everything; the first values of the parameters are a function of the seed. Collective.
  /// - Parameters:
  ///   - division: how batches are shared out; algorithms are then chosen for every share that occurs, so that they are on record from the
  ///     first checkpoint on. Without it they are chosen for a full batch, and for others when they come.
  ///   - known: algorithms on record; only rank zero's count.
  ///   - cache: algorithms that other runs have measured on this machine; only rank zero's count.
  /// - Throws: `LongtailError` for settings that make no sense, or when ranks disagree.
  package convenience init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int,
    division: BatchDivision? = nil, choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:]
  ) throws {
    try self.init(
      experiment, statistics: statistics, communicator: communicator, totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch,
      division: division,
      choices: known, cache: cache, method: PlainMethod())
  }

  /// The same with a method that composes the step.
  package convenience init(
    _ experiment: Experiment, statistics: ClassStatistics, communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int,
    division: BatchDivision? = nil, choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:], method: any Method,
    sampler: (any Sampler)? = nil, stages: [String: StageSurroundings.Earlier] = [:]
  ) throws {
    try self.init(
      configuration: experiment.configuration, graph: experiment.graph, inputSize: experiment.paddedSize,
      objective: try statistics.objective(experiment.configuration), communicator: communicator,
      totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch, division: division, choices: known, cache: cache, method: method,
      classes: statistics.context(experiment.configuration), sampler: sampler, stages: stages)
  }

  /// Makes everything without a data set: of the configuration all but `data` and `evaluation` counts. Collective.
  /// - Parameters:
  ///   - size: extents of the images, multiples of the network's stride.
  ///   - objective: what is minimized; the same on all ranks.
  /// - Throws: `LongtailError` for settings that make no sense, or when ranks disagree.
  package convenience init(
    configuration: Configuration, graph: Graph, inputSize size: ImageSize, objective: any Objective,
    communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int, division: BatchDivision? = nil,
    choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:]
  ) throws {
    try self.init(
      configuration: configuration, graph: graph, inputSize: size, objective: objective, communicator: communicator,
      totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch, division: division, choices: known, cache: cache, method: PlainMethod())
  }

  /// The same with a method that composes the step.
  package init(
    configuration: Configuration, graph: Graph, inputSize size: ImageSize, objective: any Objective,
    communicator: any Communicator, totalSteps: Int, stepsPerEpoch: Int, division: BatchDivision? = nil,
    choices known: AlgorithmTable = [:], cache: AlgorithmTable = [:], method: any Method, classes: ObjectiveContext? = nil,
    sampler: (any Sampler)? = nil, stages: [String: StageSurroundings.Earlier] = [:]
  ) throws {
    self.communicator = communicator
    self.sampler = sampler
    self.stepsPerEpoch = max(1, stepsPerEpoch)
    hasLocalStatistics = configuration.model.batchNorm == .local
    let seed = UInt64(bitPattern: Int64(configuration.seed))
    dropoutSeed = seed
    self.objective = objective
    // Without a step there is nothing to rise or fall over.
    schedule =
      totalSteps > 0
      ? try Learner.schedule(configuration, totalSteps: totalSteps, stepsPerEpoch: stepsPerEpoch)
      : try LearningRateSchedule(base: configuration.optimizer.learningRate, decay: .constant)
    clipping = try configuration.gradientClipping.map { try GradientClipping(maximumNorm: $0) }
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
    let network = try Network(
      graph: graph, images: images, height: size.height, width: size.width, seed: seed, options: options,
      trained: try Learner.trained(method, configuration, graph))
    self.network = network
    var setup = MethodSetup(
      student: network, objective: objective, configuration: configuration, classes: classes, images: images, height: size.height,
      width: size.width, options: options, communicator: communicator, schedule: schedule, stepsPerEpoch: self.stepsPerEpoch,
      sampler: sampler)
    try setup.makePartners(stages)
    let parts = try method.parts(setup)
    try setup.requireUsed(parts)
    terms = try TermList(parts.terms, taken: StepNetworks.taken(parts))
    followers = parts.followers
    networks = try StepNetworks(network, parts)
    // What cannot be computed is refused now, before the first step.
    let shares = isMeasured ? division?.shares.filter { $0 > 0 } ?? [images] : [images]
    for images in shares { try networks.compile(images: images, microBatches: microBatches, height: size.height, width: size.width) }
    if isMeasured, communicator.isRoot { try Learner.send(choices, communicator) }
    self.choices = choices
    try Learner.requireBackbone(network, configuration)
    let moved = [(PortPlace.student, network)] + networks.chain.map { ($0.name, $0.network) }
    guard moved.contains(where: { !$0.1.trainedSpan.isEmpty }) else {
      throw LongtailError(
        .usage, "no parameter of the network '\(PortPlace.student)' is trained", advice: "Check model.trained and model.batchNorm.")
    }
    trained = try moved.map { try TrainedNetwork($0, $1, configuration, communicator) }
    undo = StepUndo(networks.movingSets, trained.map(\.network))
    average = configuration.training.exponentialMovingAverage.map { [network] in WeightAverage(of: network, decay: $0.decay) }
    for follower in followers { follower.begin() }
    try requireEqualLayouts()
  }

  private func requireEqualLayouts() throws {
    let networks = trained.map(\.network) + networks.partners.map(\.network)
    let digest = StateDigest(bytes: Array(networks.map(\.layoutDescription).joined(separator: "\n").utf8))
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
