import Kernels
import Tensors

/// What all layers of a plan share while they are compiled.
final class PlanBuilder {
  let graph: Graph
  let shapes: [FeatureShape]
  let images: Int
  let isTraining: Bool
  let store: ParameterStore
  let options: PlanOptions
  let statistics: HostBuffer

  private(set) var tensors: [PlanTensor] = []
  private(set) var parameterTensors: [(entry: ParameterStore.Entry, value: PlanTensor, gradient: PlanTensor?)] = []
  private var values: [PlanTensor?]
  private var gradients: [PlanTensor?]
  private(set) var poolings: [Int: MaximumPoolingRecord] = [:]
  private var recipes: [Int: (PlanTensor) throws -> Void] = [:]
  var report = PlanReport()

  /// What an unpooling layer needs of the pooling layer whose positions it uses.
  struct MaximumPoolingRecord {
    let geometry: ConvolutionGeometry
    let hint: PrimitiveDescriptor
    let workspace: PlanTensor
    let pooledLayout: TensorLayout
    let inputLayout: TensorLayout
    let inputShape: FeatureShape
  }

  init(
    graph: Graph, shapes: [FeatureShape], images: Int, isTraining: Bool, store: ParameterStore, options: PlanOptions,
    statistics: HostBuffer, input: PlanTensor
  ) {
    self.graph = graph
    self.shapes = shapes
    self.images = images
    self.isTraining = isTraining
    self.store = store
    self.options = options
    self.statistics = statistics
    values = Array(repeating: nil, count: shapes.count)
    gradients = Array(repeating: nil, count: shapes.count)
    values[graph.input.index] = input
  }

  func forwardMoment(_ node: Int) -> Int { node }
  func backwardMoment(_ node: Int) -> Int { 2 * graph.nodes.count - node }

  func value(_ value: Graph.Value) throws -> PlanTensor {
    guard let tensor = values[value.index] else {
      throw LongtailError(.internalError, "an activation is used before it is computed")
    }
    return tensor
  }

  func define(_ value: Graph.Value, layout: TensorLayout, at moment: Int) throws -> PlanTensor {
    let tensor = try allocate(layout, at: moment)
    values[value.index] = tensor
    return tensor
  }

  func allocate(_ layout: TensorLayout, at moment: Int) throws -> PlanTensor {
    let tensor = try PlanTensor(layout, slot: ArenaSlot(byteCount: layout.byteCount, at: moment))
    tensors.append(tensor)
    return tensor
  }

  /// The gradient of an activation, made when somebody first asks.
  func gradient(of value: Graph.Value) throws -> PlanTensor {
    if let found = gradients[value.index] { return found }
    let consumers = graph.consumers(of: value)
    let moment = consumers.last.map(backwardMoment) ?? graph.nodes.count
    let tensor = try allocate(self.value(value).layout, at: moment)
    if let producer = graph.producer(of: value) { tensor.slot?.extend(to: backwardMoment(producer)) }
    gradients[value.index] = tensor
    return tensor
  }

  func setGradient(_ tensor: PlanTensor, of value: Graph.Value) { gradients[value.index] = tensor }
  func hasGradient(of value: Graph.Value) -> Bool { gradients[value.index] != nil }

  /// Says how an activation can be computed again in the backward pass, cheaply and from what is kept anyway.
  func addRecipe(_ recipe: @escaping (PlanTensor) throws -> Void, of value: Graph.Value) { recipes[value.index] = recipe }

  /// How to compute an activation again, where that saves memory: where one layer alone reads it, and other layers run in between.
  func recipe(of value: Graph.Value, for node: Int) -> ((PlanTensor) throws -> Void)? {
    guard isTraining, options.recomputesActivations, graph.consumers(of: value) == [node], node < graph.nodes.count - 1 else { return nil }
    return recipes[value.index]
  }

  func addPooling(_ record: MaximumPoolingRecord, of value: Graph.Value) { poolings[value.index] = record }

  func parameter(_ entry: ParameterStore.Entry) throws -> (value: PlanTensor, gradient: PlanTensor) {
    let pair = (value: try PlanTensor(entry.layout, slot: nil), gradient: try PlanTensor(entry.layout, slot: nil))
    parameterTensors.append((entry, pair.value, pair.gradient))
    return pair
  }

  var slots: [ArenaSlot] {
    var seen = Set<ObjectIdentifier>()
    return tensors.compactMap(\.slot).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}

/// What a layer sees of the plan while it is compiled.
public final class NodeBuilder {
  let plan: PlanBuilder
  let node: Graph.Node
  let index: Int

  /// Work that follows the layer's own backward pass: adding to a gradient that others contribute to.
  private(set) var afterBackward: [(target: PlanTensor, contribution: PlanTensor)] = []
  /// Work that precedes it: activations that are computed again.
  private(set) var beforeBackward: [() throws -> Void] = []

  init(plan: PlanBuilder, node: Graph.Node, index: Int) {
    self.plan = plan
    self.node = node
    self.index = index
  }

  /// Number of images in the batch; at least 1.
  public var images: Int { plan.images }
  /// Whether a backward pass will follow.
  public var isTraining: Bool { plan.isTraining }
  /// Settings of the whole plan.
  public var options: PlanOptions { plan.options }
  /// Extents of an input.
  public func inputShape(_ i: Int = 0) -> FeatureShape { plan.shapes[node.inputs[i].index] }
  /// Extents of the output.
  public var outputShape: FeatureShape { plan.shapes[node.output.index] }
  var inputChannels: [Int] { node.inputs.map { plan.graph.channels(of: $0) } }

  /// An input.
  /// - Parameter inBackward: keeps it until the layer's backward pass.
  public func input(_ i: Int = 0, inBackward: Bool = false) throws -> PlanTensor {
    let tensor = try plan.value(node.inputs[i])
    tensor.slot?.extend(to: plan.forwardMoment(index))
    if inBackward, isTraining { tensor.slot?.extend(to: plan.backwardMoment(index)) }
    return tensor
  }

  /// An input of the forward pass as the backward pass reads it: the same memory, kept; or other memory, where it is computed again.
  ///
  /// Computing a normalized activation again costs one pass over it, and saves its memory between the two passes.
  public func inputForBackward(_ i: Int = 0) throws -> PlanTensor {
    let forward = try plan.value(node.inputs[i])
    guard let recipe = plan.recipe(of: node.inputs[i], for: index) else { return try input(i, inBackward: true) }
    let tensor = try plan.allocate(forward.layout, at: plan.backwardMoment(index))
    beforeBackward.append { try recipe(tensor) }
    plan.report.recomputed.append("\(node.name): input, \(tensor.layout.byteCount) bytes")
    return tensor
  }

  /// Offers a way to compute the output again, from what is kept for the layer's own backward pass.
  func offerRecipe(_ recipe: @escaping (PlanTensor) throws -> Void) { plan.addRecipe(recipe, of: node.output) }

  /// The output, with the layout that the layer's kernel writes.
  public func output(_ layout: TensorLayout) throws -> PlanTensor {
    try plan.define(node.output, layout: layout, at: plan.forwardMoment(index))
  }

  /// Keeps the output until the layer's backward pass.
  func keepOutput() {
    (try? plan.value(node.output))?.slot?.extend(to: plan.backwardMoment(index))
  }

  /// The gradient of the output.
  public func gradientOfOutput() throws -> PlanTensor {
    let tensor = try plan.gradient(of: node.output)
    tensor.slot?.extend(to: plan.backwardMoment(index))
    return tensor
  }

  /// The gradient of an input, to be written by the layer; nil for the network's input, which needs none.
  ///
  /// Where several layers read the activation, the one that runs backward first writes the gradient; what the others write is added
  /// to it after their backward pass.
  public func gradientOfInput(_ i: Int = 0) throws -> PlanTensor? {
    let value = node.inputs[i]
    if value == plan.graph.input { return nil }
    let target = try plan.gradient(of: value)
    if plan.graph.consumers(of: value).last == index { return target }
    target.slot?.extend(to: plan.backwardMoment(index))
    let contribution = try plan.allocate(target.layout, at: plan.backwardMoment(index))
    afterBackward.append((target, contribution))
    plan.report.copies.append("\(node.name): gradient of a shared activation added, \(target.layout.byteCount) bytes")
    return contribution
  }

  /// Lets the gradient of an input lie where that of the output lies, for layers that work in place.
  public func shareGradientWithInput(_ i: Int = 0) throws {
    let value = node.inputs[i]
    guard isTraining, value != plan.graph.input, plan.graph.consumers(of: value) == [index], !plan.hasGradient(of: node.output) else {
      return
    }
    let tensor = try plan.gradient(of: value)
    if let last = plan.graph.consumers(of: node.output).last { tensor.slot?.extend(to: plan.backwardMoment(last)) }
    plan.setGradient(tensor, of: node.output)
  }

  /// Memory that lives from the layer's forward pass to its backward pass.
  public func workspace(_ layout: TensorLayout) throws -> PlanTensor {
    let tensor = try plan.allocate(layout, at: plan.forwardMoment(index))
    if isTraining { tensor.slot?.extend(to: plan.backwardMoment(index)) }
    return tensor
  }

  /// Memory for the layer's forward or backward pass alone.
  public func scratch(_ layout: TensorLayout, inBackward: Bool) throws -> PlanTensor {
    try plan.allocate(layout, at: inBackward ? plan.backwardMoment(index) : plan.forwardMoment(index))
  }

  /// A parameter and its gradient, in the flat buffers.
  public func parameter(
    _ name: String, preferred: () throws -> TensorLayout
  ) throws -> (value: PlanTensor, gradient: PlanTensor) {
    guard let specification = node.layer.parameters(inputChannels).first(where: { $0.name == name }) else {
      throw LongtailError(.internalError, "layer \(node.name) has no parameter \(name)")
    }
    let entry = try plan.store.entry("\(node.name).\(name)", specification, preferred: preferred)
    return try plan.parameter(entry)
  }

  /// Where the layer's running mean and variance lie.
  func statisticRegions() throws -> StatisticRegions {
    func range(_ name: String) throws -> Range<Int> {
      guard let found = plan.store.statisticIndex["\(node.name).\(name)"] else {
        throw LongtailError(.internalError, "layer \(node.name) has no statistic \(name)")
      }
      let statistic = plan.store.statistics[found]
      return statistic.offset..<(statistic.offset + statistic.specification.count)
    }
    return StatisticRegions(buffer: plan.statistics, mean: try range("running_mean"), variance: try range("running_var"))
  }

  /// Makes a kernel and gives it its tensors and its temporary memory.
  /// - Throws: `LongtailError` where the library has only its reference loops, which are a thousand times slower.
  public func primitive(
    _ descriptor: PrimitiveDescriptor, pass: PlanReport.Pass, _ arguments: [(Primitive.Argument, PlanTensor)]
  ) throws -> Primitive {
    guard !descriptor.isReference || options.allowsReferenceKernels else {
      throw LongtailError(
        .usage,
        "layer \(node.name) (\(node.layer.kind), \(pass.rawValue)): oneDNN has only reference loops (\(descriptor.implementation)) "
          + "for \(outputShape), which are a thousand times slower than its kernels",
        advice: "Use larger images (data.size), or a model.width that is a multiple of 8.")
    }
    let primitive = try Primitive(descriptor)
    var list = arguments.map { ($0.0, $0.1.memory) }
    if let layout = descriptor.scratchpad {
      let tensor = try scratch(layout, inBackward: pass != .forward)
      list.append((.scratchpad, tensor.memory))
    }
    primitive.setArguments(list)
    plan.report.kernels.append(
      PlanReport.Kernel(layer: node.name, kind: node.layer.kind, pass: pass, implementation: descriptor.implementation))
    return primitive
  }

  /// Notes a copy of an activation.
  public func note(copy text: String) { plan.report.copies.append("\(node.name): \(text)") }
  /// Notes a conversion of weights between layouts, which happens every step.
  public func note(weightReorder text: String) { plan.report.weightReorders.append("\(node.name): \(text)") }
}
