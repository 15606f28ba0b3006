import Kernels
import Tensors

/// Maximum or average pooling over windows.
public struct Pooling: Layer {
  /// Maximum or average.
  public var pooling: PoolingKind
  /// Window, stride, padding.
  package var geometry: ConvolutionGeometry

  /// Describes the layer; the stride is the window's size unless given.
  public init(_ pooling: PoolingKind, kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.pooling = pooling
    geometry = ConvolutionGeometry(kernel: kernel, stride: stride ?? kernel, padding: padding)
  }

  /// The layer's name in reports.
  public var kind: String { "pooling" }

  /// The shape that the geometry gives.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    FeatureShape(
      channels: inputs[0].channels, height: geometry.outputExtent(inputs[0].height, dimension: 0),
      width: geometry.outputExtent(inputs[0].width, dimension: 1))
  }

  /// What the library prefers.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let descriptor = try PoolingKernels.forward(
      pooling, geometry, training: context.keepsForBackward, source: context.inputs[0],
      destination: .any(context.outputShape.extents(images: context.images)))
    return LayerLayouts(output: try descriptor.destinationLayout())
  }

  /// Makes the kernels; maximum pooling leaves the positions of the maxima for backward and for unpooling.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input()
    // Unpooling uses the positions in inference too.
    let keepsPositions = builder.runsBackward || builder.isUnpooled
    let output = try builder.output()
    let descriptor = try PoolingKernels.forward(
      pooling, geometry, training: keepsPositions, source: input.layout, destination: output.layout)
    var arguments: [(Primitive.Argument, PlanTensor)] = [(.source, input), (.destination, output)]
    var workspace: PlanTensor?
    if let layout = descriptor.workspaceLayout {
      let tensor = try builder.workspace(layout)
      arguments.append((.workspace, tensor))
      workspace = tensor
      builder.recordPooling(
        .init(
          geometry: geometry, hint: descriptor, workspace: tensor, pooledLayout: output.layout, inputLayout: input.layout,
          inputShape: builder.inputShape()))
    }
    let forward = try builder.primitive(descriptor, pass: .forward, arguments)
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else {
      return PlannedPrimitives(forward: forward, backward: nil)
    }
    let backward = try PoolingKernels.backward(
      pooling, geometry, hint: descriptor, source: input.layout, destination: output.layout)
    arguments = [(.gradientOfSource, gradientOfInput), (.gradientOfDestination, try builder.gradientOfOutput())]
    if let workspace { arguments.append((.workspace, workspace)) }
    return PlannedPrimitives(forward: forward, backward: try builder.primitive(backward, pass: .backwardData, arguments))
  }
}

/// A layer whose passes are one kernel each.
final class PlannedPrimitives: PlannedLayer {
  private let forwardKernel: Primitive
  private let backwardKernel: Primitive?

  init(forward: Primitive, backward: Primitive?) {
    forwardKernel = forward
    backwardKernel = backward
  }

  func forward() throws { try forwardKernel.execute() }
  func backward() throws { try backwardKernel?.execute() }
}

extension NodeBuilder {
  /// Whether a later layer puts values back at the positions of this layer's maxima.
  var isUnpooled: Bool {
    plan.graph.nodes.contains { $0.layer is MaximumUnpooling && $0.inputs.last == node.output }
  }

  func recordPooling(_ record: PlanBuilder.MaximumPoolingRecord) { plan.addPooling(record, of: node.output) }
}
