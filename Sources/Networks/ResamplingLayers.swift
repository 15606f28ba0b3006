import Kernels
import Tensors

/// Bilinear resampling with half-pixel centres (PyTorch's `align_corners = false`) to the extents of another activation.
///
/// Takes two inputs: what is resampled, and the activation whose rows and columns the output gets; only the latter's extents count, so that
/// the network's input may stand there. Cost: see `BilinearLoops`.
public struct BilinearResampling: Layer {
  /// The layer.
  public init() {}
  /// The layer's name in reports.
  public var kind: String { "resampling" }

  /// The second input only gives its extents.
  public func readsNumbers(ofInput i: Int) -> Bool { i == 0 }

  /// The channels of the first input, the extents of the second.
  /// - Throws: `LongtailError` unless there are two inputs.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    try Resampling.outputShape(inputs)
  }

  /// Channel blocks like those of the first input.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts { LayerLayouts(output: try context.blockedLikeInput()) }

  /// Plans the loops.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    try Resampling.compile(builder) { BilinearLoops(from: $0, to: $1) }
  }
}

/// The mean of each channel over the whole image: one position remains. PyTorch's `AdaptiveAvgPool2d(1)`.
public struct GlobalAveragePooling: Layer {
  /// The layer.
  public init() {}
  /// The layer's name in reports.
  public var kind: String { "pooling" }

  /// One row and one column.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    FeatureShape(channels: inputs[0].channels, height: 1, width: 1)
  }

  /// Channel blocks like those of the first input.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts { LayerLayouts(output: try context.blockedLikeInput()) }

  /// Plans the loops.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input()
    let view = try input.layout.channelBlocks()
    let output = try builder.output()
    let forward = { GlobalPoolingLoops.mean(of: try input.region(), view, into: try output.region()) }
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else { return PlannedLoops(forward) }
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops(forward) { GlobalPoolingLoops.spread(try gradientOfOutput.region(), into: try gradientOfInput.region(), view) }
  }
}
