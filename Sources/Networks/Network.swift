import Kernels
import Tensors

/// A graph with its numbers: flat parameters, flat gradients, running statistics; and the plans compiled from it, which share them.
///
/// One compute thread uses a network. Plans run one after the other and share one arena.
public final class Network {
  /// What is computed.
  public let graph: Graph
  /// All parameters, one float32 buffer in backward order, in the engine's layouts; padded lanes are zero.
  public let parameters: HostBuffer
  /// The gradients of all parameters in the same places.
  public let gradients: HostBuffer
  /// Image sizes must divide by this.
  public var strideMultiple: Int { graph.strideMultiple }

  /// What the first plan consists of, which trains on the largest batch of a rank.
  public let report: PlanReport

  let store: ParameterStore
  let statistics: HostBuffer
  private let options: PlanOptions
  private var plans: [Key: Plan] = [:]
  private var recentInference: [Key] = []
  private var microBatched: [Parts: MicroBatchedPlan] = [:]
  private var arena: HostBuffer

  private struct Key: Hashable {
    let images: Int
    let height: Int
    let width: Int
    let isTraining: Bool
  }

  private struct Parts: Hashable {
    let counts: [Int]
    let height: Int
    let width: Int
  }

  /// Inference plans of other shapes that are kept; the one used longest ago goes first.
  public static let inferencePlanLimit = 4

  /// Compiles the first plan, which fixes the layouts of the parameters, and gives the parameters their first values.
  /// - Parameters:
  ///   - graph: the network.
  ///   - images: images of the largest batch of a rank; must be equal on all ranks, so that their layouts are.
  ///   - height: rows of an image.
  ///   - width: columns of an image.
  ///   - seed: the run's seed; the values are a function of it and of the parameters' names.
  ///   - options: synchronization and algorithms.
  ///   - gradientBuffer: makes the buffer for gradients, for instance in memory that the ranks of a node share.
  /// - Throws: `LongtailError` when a layer cannot be compiled.
  public init(
    graph: Graph, images: Int, height: Int, width: Int, seed: UInt64, options: PlanOptions = PlanOptions(),
    gradientBuffer: (_ floatCount: Int) throws -> HostBuffer = { HostBuffer(floatCount: $0) }
  ) throws {
    self.graph = graph
    statistics = HostBuffer(floatCount: ParameterStore(graph).statisticCount)
    let first = try Network.firstPlan(
      of: graph, images: max(1, images), height: height, width: width, options: options, statistics: statistics,
      gradientBuffer: gradientBuffer)
    let plan = first.plan
    report = plan.report
    store = first.store
    self.options = first.options
    parameters = first.parameters
    gradients = first.gradients
    arena = HostBuffer(byteCount: plan.report.arenaByteCount)
    try plan.place(in: arena)
    plans[Key(images: max(1, images), height: height, width: width, isTraining: true)] = plan
    resetStatistics()
    try initialize(seed: seed)
  }

  /// The plan that trains on a batch of this shape. `images` may be zero on a rank that has none.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  public func trainingPlan(images: Int, height: Int, width: Int) throws -> Plan {
    try plan(Key(images: images, height: height, width: width, isTraining: true))
  }

  /// What trains on a batch in micro-batches of so many images; a single one is an ordinary plan.
  /// - Throws: `LongtailError` when a layer cannot be compiled for a shape, or when there is no micro-batch.
  public func trainingPass(images counts: [Int], height: Int, width: Int) throws -> any TrainingPass {
    if counts.count == 1 { return try trainingPlan(images: counts[0], height: height, width: width) }
    let key = Parts(counts: counts, height: height, width: width)
    if let found = microBatched[key] { return found }
    let made = try MicroBatchedPlan(self, counts: counts, height: height, width: width)
    microBatched[key] = made
    return made
  }

  /// Where micro-batches add up their gradients; made when it is first needed.
  private(set) lazy var accumulatedGradients = HostBuffer(byteCount: gradients.byteCount)

  /// The plan that predicts on a batch of this shape, with the running statistics. A few shapes are kept.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  public func inferencePlan(images: Int, height: Int, width: Int) throws -> Plan {
    let key = Key(images: images, height: height, width: width, isTraining: false)
    recentInference.removeAll { $0 == key }
    recentInference.append(key)
    if recentInference.count > Network.inferencePlanLimit { plans[recentInference.removeFirst()] = nil }
    return try plan(key)
  }

  private func plan(_ key: Key) throws -> Plan {
    if let found = plans[key] { return found }
    let (parameters, gradients) = (parameters, gradients)
    let plan = try Plan(
      network: graph, images: key.images, height: key.height, width: key.width, isTraining: key.isTraining, store: store,
      options: options, statistics: statistics, flat: { (parameters, gradients) })
    if plan.report.arenaByteCount > arena.byteCount {
      arena = HostBuffer(byteCount: plan.report.arenaByteCount)
      for other in plans.values { try other.place(in: arena) }
    }
    try plan.place(in: arena)
    plans[key] = plan
    return plan
  }

  /// Bytes of the shared arena.
  public var arenaByteCount: Int { arena.byteCount }
  /// Learned numbers, padding aside.
  public var parameterCount: Int { store.ordered.reduce(0) { $0 + $1.layout.elementCount } }
  /// Text that is equal exactly where the flat buffers of two ranks have the same meaning.
  public var layoutDescription: String { store.digest }

  /// Sets the samples of the next batch, which dropout's masks depend on.
  public func setSamples(_ streams: [CounterRandom]) { options.samples.streams = streams }
  /// The samples of the present batch.
  var samples: [CounterRandom] { options.samples.streams }
}
