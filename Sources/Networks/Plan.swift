import Kernels
import Tensors

/// A network compiled for one batch shape: layouts, memory, kernels. A step allocates nothing and reorders no activation.
///
/// Use: fill `withInput`, call `forward`, read `logits`; in training write `logitsGradient`, call `backward`, and the network's flat
/// gradient buffer holds this rank's gradients. A plan of zero images joins the sums of the others and leaves zero gradients.
public final class Plan {
  /// Number of images.
  public let images: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Whether there is a backward pass.
  public let isTraining: Bool
  /// What the plan consists of.
  public let report: PlanReport
  /// Where the class scores lie after `forward`.
  public private(set) var logits: RowsView
  /// Where the gradient of the class scores has to be before `backward`. Padded classes are zero and must stay so.
  public let logitsGradient: RowsView
  /// The logits of auxiliary outputs; none in inference.
  public private(set) var auxiliary: [AuxiliaryRows]
  /// Seconds by kind of layer and pass, summed since the last reset, when profiling is on.
  public private(set) var seconds: [String: Double] = [:]
  /// Whether `seconds` is kept. Costs two clock readings a layer.
  public var isProfiling = false

  private struct Stage {
    let name: String
    let output: PlanTensor
    let kind: String
    let layer: any PlannedLayer
    let beforeBackward: [() throws -> Void]
    let afterBackward: [(target: PlanTensor, contribution: PlanTensor)]
  }

  private let stages: [Stage]
  private let input: HostBuffer
  private let output: PlanTensor
  private let auxiliaryOutputs: [PlanTensor]
  private let tensors: [PlanTensor]
  private let gradients: HostBuffer
  private let isEmpty: Bool

  init(
    network graph: Graph, images: Int, height: Int, width: Int, isTraining: Bool, store: ParameterStore, options: PlanOptions,
    statistics: HostBuffer, flat: () throws -> (parameters: HostBuffer, gradients: HostBuffer)
  ) throws {
    self.images = images
    self.height = height
    self.width = width
    self.isTraining = isTraining
    isEmpty = images == 0
    let compiled = max(1, images)
    let shapes = try graph.shapes(height: height, width: width)
    let inputLayout = try TensorLayout.plain(shapes[0].extents(images: compiled))
    input = HostBuffer(byteCount: inputLayout.byteCount)
    let inputTensor = try PlanTensor(inputLayout, slot: nil)
    try inputTensor.place(in: input, byteOffset: 0)
    let builder = PlanBuilder(
      graph: graph, shapes: shapes, images: compiled, isTraining: isTraining, store: store, options: options, statistics: statistics,
      input: inputTensor)
    var stages: [Stage] = []
    let needed = graph.isNeededForOutput
    for (index, node) in graph.nodes.enumerated() where isTraining || needed[index] {
      let nodeBuilder = NodeBuilder(plan: builder, node: node, index: index)
      let layer = try node.layer.compile(nodeBuilder)
      stages.append(
        Stage(
          name: node.name, output: try builder.value(node.output), kind: node.layer.kind, layer: layer,
          beforeBackward: nodeBuilder.beforeBackward, afterBackward: nodeBuilder.afterBackward))
    }
    self.stages = stages
    output = try builder.value(graph.output)
    output.slot?.extend(to: 2 * graph.nodes.count)

    // The gradient of the logits has memory of its own, zeroed once, because its padded lanes must stay zero.
    var persistent: [PlanTensor] = []
    func gradientRows(of value: Graph.Value) throws -> RowsView {
      let tensor = try builder.value(value)
      let buffer = HostBuffer(byteCount: isTraining ? tensor.layout.byteCount : 64)
      if isTraining {
        let gradient = try builder.gradient(of: value)
        try gradient.place(in: buffer, byteOffset: 0)
        persistent.append(gradient)
      }
      return Plan.rows(try tensor.layout.channelBlocks(), images: images, buffer: buffer, offset: 0)
    }
    let gradientOfLogits = try gradientRows(of: graph.output)
    (logits, logitsGradient) = (gradientOfLogits, gradientOfLogits)
    let auxiliaries = isTraining ? graph.auxiliaryOutputs : []
    auxiliaryOutputs = try auxiliaries.map { try builder.value($0.value) }
    for tensor in auxiliaryOutputs { tensor.slot?.extend(to: 2 * graph.nodes.count) }
    auxiliary = try auxiliaries.map {
      let rows = try gradientRows(of: $0.value)
      return AuxiliaryRows(logits: rows, gradient: rows, weight: $0.weight)
    }
    tensors = builder.tensors.filter { tensor in !persistent.contains { $0 === tensor } }
    let slots = Set(tensors.compactMap { $0.slot.map(ObjectIdentifier.init) })
    let live = builder.slots.filter { slots.contains(ObjectIdentifier($0)) }
    var report = builder.report
    report.arenaByteCount = ArenaLayout.place(live)
    report.arenaLowerBound = ArenaLayout.lowerBound(live)
    self.report = report

    store.complete(graph)
    let buffers = try flat()
    gradients = buffers.gradients
    for (entry, value, gradient) in builder.parameterTensors {
      let offset = entry.offset * MemoryLayout<Float>.stride
      try value.place(in: buffers.parameters, byteOffset: offset)
      try gradient?.place(in: buffers.gradients, byteOffset: offset)
    }
  }

  private static func rows(_ view: ChannelBlocks, images: Int, buffer: HostBuffer, offset: Int) -> RowsView {
    RowsView(
      buffer: buffer, offset: offset, images: images, rowsPerImage: view.positions, classes: view.channels,
      imageStride: view.imageStride, rowStride: view.block == 1 ? 1 : view.block, classStride: view.block == 1 ? view.positions : 1,
      blockSize: view.block == 1 ? view.channels : view.block, blockStride: view.blockStride)
  }

  /// Puts all activations into an arena of at least `report.arenaByteCount` bytes, which plans that run one after the other share.
  func place(in arena: HostBuffer) throws {
    for tensor in tensors { try tensor.place(in: arena) }
    func rows(_ tensor: PlanTensor) throws -> RowsView {
      let region = try tensor.region()
      return Plan.rows(try tensor.layout.channelBlocks(), images: images, buffer: region.buffer, offset: region.offset)
    }
    logits = try rows(output)
    for i in auxiliary.indices { auxiliary[i].logits = try rows(auxiliaryOutputs[i]) }
  }

  /// Calls `body` with the memory of the images: N,C,H,W.
  public func withInput<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try input.withFloats { floats in
      try body(UnsafeMutableBufferPointer(rebasing: floats[..<(isEmpty ? 0 : floats.count)]))
    }
  }

  /// Computes the logits.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  public func forward() throws {
    for stage in stages {
      if isEmpty {
        try stage.layer.forwardWithoutImages()
      } else {
        try timed(stage.kind, "forward") { try stage.layer.forward() }
      }
    }
  }

  /// Computes the logits, and shows each output while it is there; a plan without images shows none.
  func forward(inspecting inspect: (_ place: Int, _ name: String, _ output: PlanTensor) throws -> Void) throws {
    for (place, stage) in stages.enumerated() {
      if isEmpty {
        try stage.layer.forwardWithoutImages()
      } else {
        try stage.layer.forward()
        try inspect(place, stage.name, stage.output)
      }
    }
  }

  /// Computes the gradients of all parameters from `logitsGradient` and those of the auxiliary logits.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  public func backward() throws {
    guard isTraining else { throw LongtailError(.internalError, "an inference plan has no backward pass") }
    if isEmpty { gradients.withFloats { $0.update(repeating: 0) } }
    for stage in stages.reversed() {
      if isEmpty {
        try stage.layer.backwardWithoutImages()
        continue
      }
      try timed(stage.kind, "backward") {
        for work in stage.beforeBackward { try work() }
        try stage.layer.backward()
        for (target, contribution) in stage.afterBackward { try target.region().accumulate(contribution.region()) }
      }
    }
  }

  /// Forgets the times so far.
  public func resetSeconds() { seconds = [:] }

  private func timed(_ kind: String, _ pass: String, _ body: () throws -> Void) rethrows {
    guard isProfiling else { return try body() }
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    let elapsed = start.duration(to: clock.now).components
    seconds["\(kind) \(pass)", default: 0] += Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }
}
