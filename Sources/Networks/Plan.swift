import Kernels
import Tensors

/// A network compiled for one batch shape: layouts, memory, kernels. A step allocates nothing and reorders no activation.
///
/// Use: `forward` with a set of parameters and images, read the ports; in training write the gradients of those ports that were asked for,
/// call `backward`, and the buffer of gradients holds this rank's. A plan of zero images joins the sums of the others and leaves zeros.
public final class Plan {
  /// Images, rows, columns.
  package let shape: BatchShape
  /// What it does with a batch.
  package let mode: NetworkMode
  /// What the plan consists of.
  package let report: PlanReport
  /// Seconds by kind of layer and pass, summed since the last reset, when profiling is on.
  package private(set) var seconds: [String: Double] = [:]
  /// Seconds by name of layer and pass, as `seconds`.
  package private(set) var secondsByLayer: [String: Double] = [:]
  /// Whether `seconds` and `secondsByLayer` are kept. Costs two clock readings a layer.
  package var isProfiling = false

  struct Stage {
    let name: String
    let output: PlanTensor
    let kind: String
    let layer: any PlannedLayer
    let runsBackward: Bool
    let beforeBackward: [() throws -> Void]
    let afterBackward: [(target: PlanTensor, contribution: PlanTensor)]
  }

  private let stages: [Stage]
  private let input: PlanTensor
  private let inputGradientTensor: PlanTensor?
  private var ports: [Port: PlannedPort]
  private let arenaTensors: [PlanTensor]
  private let parameters: [BoundParameter]
  private let statistics: [BoundStatistics]
  private let samples: BatchSamples
  /// Where in the parameters' layout the buffer of gradients begins, in bytes.
  private let gradientOrigin: Int
  private var boundSet: ParameterSet?
  private var boundGradients: HostBuffer?
  private let isEmpty: Bool
  /// What the last forward pass was given.
  private(set) var last: (set: ParameterSet, images: BatchImages, streams: [CounterRandom])?

  /// Compiles a network. Its activations have no memory until a workspace takes the plan in.
  /// - Parameters:
  ///   - ports: what others read or give gradients to; the logits, and in training the gradients of all ports, unless said otherwise.
  ///   - keepsPorts: whether ports have memory of their own, for networks whose outputs are read while another one runs.
  ///   - inputGradient: whether the gradient of the network's input is computed.
  /// - Throws: `LongtailError` when a layer cannot be compiled for the shape.
  init(
    _ graph: Graph, shape: BatchShape, mode: NetworkMode, layout: ParameterLayout, options: PlanOptions, ports wanted: [Port: PortUse],
    keepsPorts: Bool = false, inputGradient: Bool = false
  ) throws {
    (self.shape, self.mode, isEmpty) = (shape, mode, shape.images == 0)
    let builder = try PlanBuilder(
      graph: graph, shape: shape, mode: mode, layout: layout, options: options, inputGradient: inputGradient)
    input = try builder.value(graph.input)
    samples = builder.samples
    gradientOrigin = layout.span(of: mode.trained).lowerBound * MemoryLayout<Float>.stride
    let named = try wanted.map { (port: $0.key, use: $0.value, value: try graph.value(of: $0.key)) }.sorted { $0.port.name < $1.port.name }
    let needed = graph.isNeeded(for: named.map(\.value))
    var stages: [Stage] = []
    var places: [Int: Int] = [:]
    for (index, node) in graph.nodes.enumerated() where needed[index] {
      let nodeBuilder = NodeBuilder(plan: builder, node: node, index: index)
      let layer = try node.layer.compile(nodeBuilder)
      places[index] = stages.count
      stages.append(
        Stage(
          name: node.name, output: try builder.value(node.output), kind: node.layer.kind, layer: layer,
          runsBackward: builder.extent.runs[index], beforeBackward: nodeBuilder.beforeBackward,
          afterBackward: nodeBuilder.afterBackward))
    }
    let memory = try PortMemory(builder, named, keepsPorts: keepsPorts, lastMoment: 2 * graph.nodes.count)
    for (producer, work) in memory.beforeBackward {
      if let place = places[producer] { stages[place] = stages[place].preceded(by: work) }
    }
    ports = memory.ports
    let ofInput = inputGradient ? try builder.gradient(of: graph.input) : nil
    try ofInput?.placeAlone()
    inputGradientTensor = ofInput
    self.stages = stages
    let placed = memory.placed + [ofInput].compactMap { $0 }
    let arenaTensors = builder.tensors.filter { tensor in !placed.contains { $0 === tensor } }
    self.arenaTensors = arenaTensors
    let slots = Set(arenaTensors.compactMap { $0.slot.map(ObjectIdentifier.init) })
    var seen = Set<ObjectIdentifier>()
    let live = builder.tensors.compactMap(\.slot).filter {
      slots.contains(ObjectIdentifier($0)) && seen.insert(ObjectIdentifier($0)).inserted
    }
    var report = builder.report
    report.arenaByteCount = ArenaLayout.place(live)
    report.arenaLowerBound = ArenaLayout.lowerBound(live)
    self.report = report
    parameters = Array(builder.parameters.values)
    statistics = builder.statistics
  }

  /// Puts all activations into an arena of at least `report.arenaByteCount` bytes, which plans that run one after the other share.
  func place(in arena: HostBuffer) throws {
    for tensor in arenaTensors { try tensor.place(in: arena) }
    for port in ports.keys { try ports[port]?.refresh(images: shape.images) }
  }

  // MARK: Ports

  /// The rows of a port.
  /// - Throws: `LongtailError` for a port that the plan was not asked for.
  package func rows(_ port: Port) throws -> PortRows {
    guard let rows = ports[port]?.rows else {
      throw LongtailError(.internalError, "the plan was not compiled for port '\(port)', or has no memory yet")
    }
    return rows
  }

  /// The gradient of the network's input after `backward`, in the input's layout; nil where none was asked for.
  package func inputGradient() throws -> FloatRegion? { try inputGradientTensor?.region() }

  // MARK: Passes

  /// Computes the ports.
  /// - Parameters:
  ///   - set: parameters and running statistics; the latter move unless the network only predicts.
  ///   - images: N,C,H,W, or channel blocks where the graph says so; the plan reads them where they are, in the backward pass too.
  ///   - streams: one stream of random numbers for each image, for dropout; may be empty where there is none.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func forward(_ set: ParameterSet, images: BatchImages, streams: [CounterRandom] = []) throws {
    try prepare(set, images, streams)
    for stage in stages {
      if isEmpty {
        try stage.layer.forwardWithoutImages()
      } else {
        try timed(stage, "forward") { try stage.layer.forward() }
      }
    }
  }

  /// Computes the ports, and shows each layer's output while it is there; a plan without images shows none.
  func forward(
    _ set: ParameterSet, images: BatchImages, streams: [CounterRandom],
    inspecting inspect: (_ place: Int, _ name: String, _ output: PlanTensor) throws -> Void
  ) throws {
    try prepare(set, images, streams)
    for (place, stage) in stages.enumerated() {
      if isEmpty {
        try stage.layer.forwardWithoutImages()
      } else {
        try stage.layer.forward()
        try (stage.layer as? PlannedBatchNormalization)?.showOutput()
        try inspect(place, stage.name, stage.output)
      }
    }
  }

  /// Computes the gradients of all trained parameters from those of the ports. Right after `forward`.
  /// - Parameter gradients: a flat buffer for the parameters of `Network.trainedSpan`; what is not trained is left as it is.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func backward(into gradients: HostBuffer) throws {
    guard mode.isTraining else { throw LongtailError(.internalError, "only a plan for training has a backward pass") }
    if boundGradients !== gradients {
      for parameter in parameters { try parameter.gradient?.place(in: gradients, byteOffset: parameter.byteOffset - gradientOrigin) }
      boundGradients = gradients
    }
    if isEmpty { gradients.withFloats { $0.update(repeating: 0) } }
    for stage in stages.reversed() where stage.runsBackward {
      if isEmpty {
        try stage.layer.backwardWithoutImages()
        continue
      }
      try timed(stage, "backward") {
        for work in stage.beforeBackward { try work() }
        try stage.layer.backward()
        for (target, contribution) in stage.afterBackward { try target.region().accumulate(contribution.region()) }
      }
    }
  }

  private func prepare(_ set: ParameterSet, _ images: BatchImages, _ streams: [CounterRandom]) throws {
    if boundSet !== set {
      for parameter in parameters { try parameter.value.place(in: set.values, byteOffset: parameter.byteOffset) }
      for statistic in statistics { statistic.bind(set.statistics) }
      boundSet = set
    }
    samples.streams = streams
    last = (set, images, streams)
    if !isEmpty { try input.place(in: images.buffer, byteOffset: images.byteOffset) }
  }

  /// Forgets the times so far.
  package func resetSeconds() { (seconds, secondsByLayer) = ([:], [:]) }

  private func timed(_ stage: Stage, _ pass: String, _ body: () throws -> Void) rethrows {
    guard isProfiling else { return try body() }
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    let duration = start.duration(to: clock.now).inSeconds
    seconds["\(stage.kind) \(pass)", default: 0] += duration
    secondsByLayer["\(stage.name) \(pass)", default: 0] += duration
  }
}

extension Plan.Stage {
  /// The same with work before everything else of the backward pass.
  func preceded(by work: @escaping () throws -> Void) -> Plan.Stage {
    Plan.Stage(
      name: name, output: output, kind: kind, layer: layer, runsBackward: runsBackward, beforeBackward: [work] + beforeBackward,
      afterBackward: afterBackward)
  }
}
