import Kernels
import Tensors

/// Resampling to the extents of another activation by the nearest source, as torchvision's pyramids enlarge their levels.
///
/// Takes two inputs: what is resampled, and the activation whose rows and columns the output gets. Cost: see `NearestLoops`.
public struct NearestResampling: Layer {
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
    try Resampling.compile(builder) { NearestLoops(from: $0, to: $1) }
  }
}

/// All levels of a pyramid in one activation, so that a head of one 3x3 convolution serves all of them; see `PackedLevels`.
public struct LevelPacking: Layer {
  /// The layer.
  public init() {}
  /// The layer's name in reports.
  public var kind: String { "packing" }

  /// Where the levels lie.
  static func places(_ inputs: [FeatureShape]) -> PackedLevels { PackedLevels(inputs.map { (height: $0.height, width: $0.width) }) }

  /// The inputs' channels, and room for all of them.
  /// - Throws: `LongtailError` where channels differ.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard let first = inputs.first, inputs.allSatisfy({ $0.channels == first.channels }) else {
      throw LongtailError(.internalError, "levels of different channels cannot be packed: \(inputs)")
    }
    let places = LevelPacking.places(inputs)
    return FeatureShape(channels: first.channels, height: places.height, width: places.width)
  }

  /// Channel blocks like those of the first input.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts { LayerLayouts(output: try context.blockedLikeInput()) }

  /// Plans the copies.
  /// - Throws: `LongtailError` where the levels' layouts differ.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let inputs = try builder.node.inputs.indices.map { try builder.input($0) }
    let output = try builder.output()
    let views = try inputs.map { try $0.layout.channelBlocks() }
    let whole = try output.layout.channelBlocks()
    guard views.allSatisfy({ $0.block == whole.block && $0.channels == whole.channels }) else {
      throw LongtailError(.internalError, "layer \(builder.node.name) packs levels of different layouts")
    }
    let places = PackedLevels(views.map { (height: $0.height, width: $0.width) })
    builder.note(
      copy: "packs \(inputs.count) levels, \(output.layout.byteCount) bytes, \(builder.runsBackward ? "forward and backward" : "forward")")
    let forward = {
      places.pack(try zip(inputs, views).map { (region: try $0.region(), view: $1) }, into: try output.region(), whole)
    }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    let gradientOfOutput = try builder.gradientOfOutput()
    let gradients = try inputs.indices.map { try builder.gradientOfInput($0) }
    return PlannedLoops(forward) {
      for (place, gradient) in gradients.enumerated() {
        guard let gradient else { continue }
        places.unpack(place, of: try gradientOfOutput.region(), whole, into: try gradient.region(), views[place])
      }
    }
  }
}
