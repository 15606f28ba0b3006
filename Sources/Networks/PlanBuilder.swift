import Kernels
import Tensors

/// What all layers of a plan share while they are compiled.
final class PlanBuilder {
  let graph: Graph
  let shapes: [FeatureShape]
  /// At least 1: a plan of no images is compiled for one.
  let images: Int
  let isEmpty: Bool
  let mode: NetworkMode
  let layout: ParameterLayout
  let options: PlanOptions
  let extent: BackwardExtent
  let joinedGradients: JoinedGradients
  let layouts: ActivationLayouts
  /// The samples of the batch that is being computed.
  let samples = BatchSamples()

  private(set) var tensors: [PlanTensor] = []
  private(set) var parameters: [String: BoundParameter] = [:]
  private(set) var statistics: [BoundStatistics] = []
  private var values: [PlanTensor?]
  private var gradients: [PlanTensor?]
  private(set) var poolings: [Int: MaximumPoolingRecord] = [:]
  private var recipes: [Int: (PlanTensor) throws -> Void] = [:]
  private var normalizations: [Int: DeferredNormalization] = [:]
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
    graph: Graph, shape: BatchShape, mode: NetworkMode, layout: ParameterLayout, options: PlanOptions, inputGradient: Bool
  ) throws {
    self.graph = graph
    images = max(1, shape.images)
    isEmpty = shape.images == 0
    self.mode = mode
    self.layout = layout
    self.options = options
    extent = BackwardExtent(graph, trained: mode.trained, inputGradient: inputGradient)
    joinedGradients = JoinedGradients(graph, extent)
    layouts = try ActivationLayouts(graph, shape: shape, keepsForBackward: mode.isTraining, options: options)
    shapes = layouts.shapes
    values = Array(repeating: nil, count: shapes.count)
    gradients = Array(repeating: nil, count: shapes.count)
    values[graph.input.index] = try PlanTensor(layouts.input, slot: nil)
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

  /// The layers that contribute to the gradient of an activation, in order.
  func contributors(to value: Graph.Value) -> [Int] { graph.consumers(of: value).filter { extent.runs[$0] } }

  /// The gradient of an activation, made when somebody first asks.
  func gradient(of value: Graph.Value) throws -> PlanTensor {
    if let found = gradients[value.index] { return found }
    let moment = contributors(to: value).last.map(backwardMoment) ?? graph.nodes.count
    let tensor: PlanTensor
    if let home = joinedGradients.home(of: value) {
      tensor = try gradient(of: home)
      tensor.slot?.extend(to: moment)
    } else {
      tensor = try allocate(self.value(value).layout, at: moment)
    }
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
    guard extent.runs[node], options.recomputesActivations, graph.consumers(of: value) == [node], node < graph.nodes.count - 1,
      !graph.ports.contains(where: { $0.value == value })
    else { return nil }
    return recipes[value.index]
  }

  /// Says that an activation is a scaled one, which its reader may compute by itself.
  func offer(_ normalization: DeferredNormalization, of value: Graph.Value) { normalizations[value.index] = normalization }

  /// What an activation is computed from, where it is a scaled one.
  func normalization(of value: Graph.Value) -> DeferredNormalization? { normalizations[value.index] }

  func addPooling(_ record: MaximumPoolingRecord, of value: Graph.Value) { poolings[value.index] = record }

  func parameter(_ name: String) throws -> BoundParameter {
    if let found = parameters[name] { return found }
    guard let entry = layout.entry(name) else { throw LongtailError(.internalError, "parameter \(name) has no place in the flat buffers") }
    let isTrained = mode.isTraining && !entry.specification.isFrozen && mode.trained.contains(name)
    let parameter = BoundParameter(
      entry: entry, value: try PlanTensor(entry.layout, slot: nil), gradient: isTrained ? try PlanTensor(entry.layout, slot: nil) : nil)
    parameters[name] = parameter
    return parameter
  }

  func statistics(of node: String) throws -> BoundStatistics {
    func range(_ name: String) throws -> Range<Int> {
      guard let found = layout.statistic("\(node).\(name)") else {
        throw LongtailError(.internalError, "layer \(node) has no statistic \(name)")
      }
      return found.range
    }
    let made = BoundStatistics(mean: try range("running_mean"), variance: try range("running_var"))
    statistics.append(made)
    return made
  }
}

/// A parameter of a plan, and its gradient: places in the flat buffers that are bound to the plan.
package struct BoundParameter {
  let entry: ParameterLayout.Entry
  /// Its numbers.
  package let value: PlanTensor
  /// Nil where it is not trained.
  package let gradient: PlanTensor?

  var byteOffset: Int { entry.offset * MemoryLayout<Float>.stride }
}
