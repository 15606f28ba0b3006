import Kernels
import Tensors

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
  package var images: Int { plan.images }
  /// Whether the layer runs in the backward pass: only then anything has to be kept for it.
  package var runsBackward: Bool { plan.extent.runs[index] }
  /// Whether the plan has a backward pass.
  package var keepsForBackward: Bool { plan.mode.isTraining }
  /// Whether the layer works as in training, on the statistics of the batch.
  package var usesBatchStatistics: Bool { plan.mode.usesBatchStatistics }
  /// Settings of the whole plan.
  package var options: PlanOptions { plan.options }
  /// Extents of an input.
  package func inputShape(_ i: Int = 0) -> FeatureShape { plan.shapes[node.inputs[i].index] }
  /// Extents of the output.
  package var outputShape: FeatureShape { plan.shapes[node.output.index] }
  var inputChannels: [Int] { node.inputs.map { plan.graph.channels(of: $0) } }

  /// An input.
  /// - Parameter inBackward: keeps it until the layer's backward pass.
  package func input(_ i: Int = 0, inBackward: Bool = false) throws -> PlanTensor {
    let tensor = try plan.value(node.inputs[i])
    tensor.slot?.extend(to: plan.forwardMoment(index))
    if inBackward, runsBackward { tensor.slot?.extend(to: plan.backwardMoment(index)) }
    return tensor
  }

  /// An input of the forward pass as the backward pass reads it: the same memory, kept; or other memory, where it is computed again.
  ///
  /// Computing a normalized activation again costs one pass over it, and saves its memory between the two passes.
  package func inputForBackward(_ i: Int = 0) throws -> PlanTensor {
    let forward = try plan.value(node.inputs[i])
    guard let recipe = plan.recipe(of: node.inputs[i], for: index) else { return try input(i, inBackward: true) }
    let tensor = try plan.allocate(forward.layout, at: plan.backwardMoment(index))
    beforeBackward.append { try recipe(tensor) }
    plan.report.recomputed.append("\(node.name): input, \(tensor.layout.byteCount) bytes")
    return tensor
  }

  /// Offers a way to compute the output again, from what is kept for the layer's own backward pass.
  func offerRecipe(_ recipe: @escaping (PlanTensor) throws -> Void) { plan.addRecipe(recipe, of: node.output) }

  /// The output, in the layout that the layer asked for.
  package func output() throws -> PlanTensor {
    try plan.define(node.output, layout: plan.layouts.layers[index].output, at: plan.forwardMoment(index))
  }

  /// Keeps the output until the layer's backward pass.
  func keepOutput() {
    (try? plan.value(node.output))?.slot?.extend(to: plan.backwardMoment(index))
  }

  /// The gradient of the output.
  package func gradientOfOutput() throws -> PlanTensor {
    let tensor = try plan.gradient(of: node.output)
    tensor.slot?.extend(to: plan.backwardMoment(index))
    return tensor
  }

  /// The gradient of an input, to be written by the layer; nil where nothing below is trained, such as for the network's input.
  ///
  /// Where several layers read the activation, the one that runs backward first writes the gradient; what the others write is added
  /// to it after their backward pass.
  package func gradientOfInput(_ i: Int = 0) throws -> PlanTensor? { try gradientOfInput(i, canAdd: false)?.tensor }

  /// The same for a layer that may be able to add to what lies there, instead of writing it.
  /// - Returns: where the gradient goes, and whether it has to be added there.
  func gradientOfInput(_ i: Int, canAdd: Bool) throws -> (tensor: PlanTensor, adds: Bool)? {
    let value = node.inputs[i]
    guard needsGradientOfInput(i) else { return nil }
    let target = try plan.gradient(of: value)
    if plan.contributors(to: value).last == index { return (target, false) }
    target.slot?.extend(to: plan.backwardMoment(index))
    if canAdd { return (target, true) }
    let contribution = try plan.allocate(target.layout, at: plan.backwardMoment(index))
    afterBackward.append((target, contribution))
    plan.report.copies.append("\(node.name): gradient of a shared activation added, \(target.layout.byteCount) bytes")
    return (contribution, false)
  }

  /// Whether anything below an input is trained.
  func needsGradientOfInput(_ i: Int = 0) -> Bool { plan.extent.needsGradient[node.inputs[i].index] }

  /// Lets the gradient of an input lie where that of the output lies, for layers that work in place.
  package func shareGradientWithInput(_ i: Int = 0) throws {
    let value = node.inputs[i]
    guard runsBackward, plan.extent.needsGradient[value.index], value != plan.graph.input, plan.contributors(to: value) == [index],
      !plan.hasGradient(of: node.output), plan.joinedGradients.home(of: node.output) == nil, !plan.joinedGradients.isReadOnly(node.output),
      !plan.graph.ports.contains(where: { $0.value == value || $0.value == node.output })
    else { return }
    let tensor = try plan.gradient(of: value)
    if let last = plan.contributors(to: node.output).last { tensor.slot?.extend(to: plan.backwardMoment(last)) }
    plan.setGradient(tensor, of: node.output)
  }

  /// Memory that lives from the layer's forward pass to its backward pass.
  package func workspace(_ layout: TensorLayout) throws -> PlanTensor {
    let tensor = try plan.allocate(layout, at: plan.forwardMoment(index))
    if runsBackward { tensor.slot?.extend(to: plan.backwardMoment(index)) }
    return tensor
  }

  /// Memory for the layer's forward or backward pass alone.
  package func scratch(_ layout: TensorLayout, inBackward: Bool) throws -> PlanTensor {
    try plan.allocate(layout, at: inBackward ? plan.backwardMoment(index) : plan.forwardMoment(index))
  }

  /// A parameter and its gradient, in the flat buffers that are bound to the plan.
  package func parameter(_ name: String) throws -> BoundParameter { try plan.parameter("\(node.name).\(name)") }

  /// Where the layer's running mean and variance lie.
  func statisticRegions() throws -> BoundStatistics { try plan.statistics(of: node.name) }

  /// The samples of the batch that is being computed.
  var samples: BatchSamples { plan.samples }

  /// Whether the gradients of all inputs lie where that of the output lies; see `JoinedGradients`.
  var joinsGradients: Bool { runsBackward && plan.joinedGradients.home(of: node.output) != nil }

  /// Makes a kernel and gives it its tensors and its temporary memory.
  /// - Throws: `LongtailError` where the library has only its reference loops, which are a thousand times slower.
  package func primitive(
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
  package func note(copy text: String) { plan.report.copies.append("\(node.name): \(text)") }
  /// Notes a conversion of weights between layouts, which happens every step.
  package func note(weightReorder text: String) { plan.report.weightReorders.append("\(node.name): \(text)") }
}
