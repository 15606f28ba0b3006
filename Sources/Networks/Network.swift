import Kernels
import Tensors

/// A graph with its numbers: parameters and running statistics in a layout made beforehand, and the plans that were compiled for it.
///
/// Plans are compiled when they are first asked for: a network that only predicts has none for training, and no gradients. One compute thread
/// uses a network. Plans run one after the other in one workspace, which several networks may share.
public final class Network {
  /// What is computed.
  public let graph: Graph
  /// Where parameters and statistics lie in flat buffers.
  package let layout: ParameterLayout
  /// The network's own numbers. Other sets of the same layout, such as an average, can be given to its plans too.
  public let parameterSet: ParameterSet
  /// The memory that its plans work in.
  package let workspace: Workspace
  /// Which parameters training plans move.
  public let trained: TrainedParameters
  /// Networks behind this one, with their numbers.
  public let continuations: [ContinuedNetwork]
  /// Image sizes must divide by this.
  public var strideMultiple: Int { graph.strideMultiple }

  /// What the first plan that was compiled consists of: in training, that for the largest batch of a rank.
  package private(set) var report = PlanReport()

  private let options: PlanOptions
  private var plans: [Request: Plan] = [:]
  private var recentPredictions: [Request] = []
  private var microBatched: [Parts: MicroBatchedPlan] = [:]
  private var gradientBuffer: HostBuffer?
  private var accumulated: HostBuffer?

  private struct Request: Hashable {
    let shape: BatchShape
    let mode: NetworkMode
    let ports: [Port: PortUse]
    let keepsPorts: Bool
    let inputGradient: Bool
    var view = 0
  }

  private struct Parts: Hashable {
    let counts: [Int]
    let height: Int
    let width: Int
    let ports: [Port: PortUse]
    /// That of a partner; nil in training.
    var mode: NetworkMode?
    var view = 0
  }

  /// Plans of other shapes for prediction that are kept; the one used longest ago goes first.
  public static let inferencePlanLimit = 4

  /// Makes the layout of the parameters and gives them their first values. Compiles nothing, except to choose between channel blocks on
  /// AVX-512.
  /// - Parameters:
  ///   - graph: the network.
  ///   - images: images of the largest batch of a rank; must be equal on all ranks, so that their layouts are.
  ///   - height: rows of an image.
  ///   - width: columns of an image.
  ///   - seed: the run's seed; the values are a function of it and of the parameters' places.
  ///   - options: synchronization and algorithms.
  ///   - trained: which parameters training plans move.
  ///   - workspace: memory for activations; its own if nil.
  /// - Throws: `LongtailError` when the network cannot work on the shape.
  public init(
    graph: Graph, images: Int, height: Int, width: Int, seed: UInt64, options: PlanOptions = PlanOptions(),
    trained: TrainedParameters = .all, workspace: Workspace = Workspace()
  ) throws {
    self.graph = graph
    self.trained = trained
    self.workspace = workspace
    let shape = BatchShape(images: max(1, images), height: height, width: width)
    (layout, self.options) = try Network.layout(of: graph, shape: shape, options: options)
    continuations = try Network.continuations(of: graph, images: images, seed: seed, options: options, trained: trained)
    parameterSet = ParameterSet(layout, further: continuations.map(\.network.parameterSet))
    try initialize(seed: seed)
  }

  // MARK: Plans

  /// What others read of a training plan, or give gradients to, unless they say otherwise: the logits, and those of auxiliary heads.
  public var lossPorts: [Port: PortUse] { graph.lossPorts }

  /// The plan that trains on a batch of this shape. `images` may be zero on a rank that has none.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  package func trainingPlan(images: Int, height: Int, width: Int, ports: [Port: PortUse]? = nil, inputGradient: Bool = false) throws -> Plan
  {
    try plan(
      Request(
        shape: BatchShape(images: images, height: height, width: width), mode: .training(trained), ports: ports ?? lossPorts,
        keepsPorts: false, inputGradient: inputGradient))
  }

  /// What trains on a batch in micro-batches of this many images; a single one is an ordinary plan.
  /// - Throws: `LongtailError` when a layer cannot be compiled for a shape, or when there is no micro-batch.
  package func trainingPass(images counts: [Int], height: Int, width: Int, ports: [Port: PortUse]? = nil) throws -> any TrainingPass {
    let ports = ports ?? lossPorts
    if counts.count == 1 { return try trainingPlan(images: counts[0], height: height, width: width, ports: ports) }
    let key = Parts(counts: counts, height: height, width: width, ports: ports)
    if let found = microBatched[key] { return found }
    let made = try MicroBatchedPlan(
      try counts.map { try trainingPlan(images: $0, height: height, width: width, ports: ports) }, ports: ports,
      floatsPerImage: graph.inputChannels * height * width, total: accumulatedGradients())
    microBatched[key] = made
    return made
  }

  /// The plan that predicts on a batch of this shape, with running statistics. A few shapes are kept.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  package func inferencePlan(images: Int, height: Int, width: Int, ports: Set<Port> = [.logits]) throws -> Plan {
    let request = Request(
      shape: BatchShape(images: images, height: height, width: width), mode: .inference, ports: readOnly(ports), keepsPorts: false,
      inputGradient: false)
    recentPredictions.removeAll { $0 == request }
    recentPredictions.append(request)
    if recentPredictions.count > Network.inferencePlanLimit { plans[recentPredictions.removeFirst()] = nil }
    return try plan(request)
  }

  /// The plan of a partner, such as a teacher or a momentum encoder, that runs before the network which is trained: its ports stay while that
  /// one runs.
  /// - Parameters:
  ///   - mode: `inference` or `observing`.
  ///   - view: which of several views of each sample it looks at; the ports of different views lie apart.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  package func partnerPlan(images: Int, height: Int, width: Int, mode: NetworkMode, ports: Set<Port>, view: Int = 0) throws -> Plan {
    try plan(
      Request(
        shape: BatchShape(images: images, height: height, width: width), mode: mode, ports: readOnly(ports), keepsPorts: true,
        inputGradient: false, view: view))
  }

  /// What computes a partner's ports in micro-batches of this many images, those of the network that is trained; a single one is an ordinary
  /// plan.
  /// - Throws: `LongtailError` when a layer cannot be compiled for a shape.
  package func partnerPass(images counts: [Int], height: Int, width: Int, mode: NetworkMode, ports: Set<Port>, view: Int = 0) throws
    -> any TrainingPass
  {
    func plan(_ images: Int) throws -> Plan {
      try partnerPlan(images: images, height: height, width: width, mode: mode, ports: ports, view: view)
    }
    if counts.count == 1 { return try plan(counts[0]) }
    let key = Parts(counts: counts, height: height, width: width, ports: readOnly(ports), mode: mode, view: view)
    if let found = microBatched[key] { return found }
    let made = try MicroBatchedPlan(
      try counts.map(plan), ports: readOnly(ports), floatsPerImage: graph.inputChannels * height * width, total: nil)
    microBatched[key] = made
    return made
  }

  private func readOnly(_ ports: Set<Port>) -> [Port: PortUse] { Dictionary(uniqueKeysWithValues: ports.map { ($0, .values) }) }

  private func plan(_ request: Request) throws -> Plan {
    if let found = plans[request] { return found }
    let plan = try Plan(
      graph, shape: request.shape, mode: request.mode, layout: layout, options: options, ports: request.ports,
      keepsPorts: request.keepsPorts, inputGradient: request.inputGradient)
    try workspace.add(plan)
    if plans.isEmpty { report = plan.report }
    plans[request] = plan
    return plan
  }

  /// Channels that lie together in an input of channel blocks.
  var channelBlock: Int { options.channelBlock ?? 8 }

  // MARK: Numbers

  /// All parameters, one float32 buffer in backward order, in the engine's layouts; padded lanes are zero.
  public var parameters: HostBuffer { parameterSet.values }

  /// The buffer of running statistics.
  public var runningStatisticsBuffer: HostBuffer { parameterSet.statistics }

  /// The stretch of the flat parameters that training moves, whatever lies between included: all of them, unless only some are trained.
  public var trainedSpan: Range<Int> { layout.span(of: trained) }

  /// The parameters of `trainedSpan`: what optimizers move.
  public private(set) lazy var trainedParameters = parameters.part(trainedSpan)

  /// The gradients of the parameters of `trainedSpan`, in the same order; made when first needed, unless a buffer was given.
  public var gradients: HostBuffer {
    if let gradientBuffer { return gradientBuffer }
    let made = HostBuffer(floatCount: trainedSpan.count)
    gradientBuffer = made
    return made
  }

  /// Takes a buffer for gradients, for instance in memory that the ranks of a node share.
  public func useGradients(_ buffer: HostBuffer) { gradientBuffer = buffer }

  /// Where micro-batches add up their gradients; made when it is first needed.
  private func accumulatedGradients() -> HostBuffer {
    if let accumulated { return accumulated }
    let made = HostBuffer(floatCount: trainedSpan.count)
    accumulated = made
    return made
  }

  /// Bytes of the workspace.
  public var arenaByteCount: Int { workspace.byteCount }
  /// Learned numbers, padding aside.
  public var parameterCount: Int { layout.ordered.reduce(0) { $0 + $1.layout.elementCount } }
  /// Text that is equal exactly where the flat buffers of two ranks have the same meaning.
  public var layoutDescription: String { layout.digest }
}
