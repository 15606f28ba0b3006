import Kernels
import Tensors

/// Joins activations along channels, as U-Net's skip connections do. Each is copied: 8 bytes a float forward, as many backward.
public struct Concatenation: Layer {
  /// The layer.
  public init() {}

  /// The layer's name in reports.
  public var kind: String { "concatenation" }

  /// The sum of the channels.
  public func outputChannels(_ inputs: [Int]) -> Int { inputs.reduce(0, +) }

  /// The inputs' extents with the channels added up.
  /// - Throws: `LongtailError` when rows or columns differ.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard Set(inputs.map { [$0.height, $0.width] }).count == 1 else {
      throw LongtailError(.internalError, "activations of different sizes cannot be joined: \(inputs)")
    }
    return FeatureShape(channels: inputs.reduce(0) { $0 + $1.channels }, height: inputs[0].height, width: inputs[0].width)
  }

  /// Channel blocks like those of the first input.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts { LayerLayouts(output: try context.blockedLikeInput()) }

  /// Claims memory and plans the copies.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let inputs = try builder.node.inputs.indices.map { try builder.input($0) }
    let output = try builder.output()
    let passes = builder.runsBackward ? "forward and backward" : "forward"
    builder.note(copy: "joins \(inputs.count) activations, \(output.layout.byteCount) bytes, \(passes)")
    var gradients: [PlanTensor?] = []
    var gradientOfOutput: PlanTensor?
    if builder.runsBackward {
      gradientOfOutput = try builder.gradientOfOutput()
      gradients = try inputs.indices.map { try builder.gradientOfInput($0) }
    }
    return try PlannedConcatenation(inputs: inputs, output: output, gradients: gradients, gradientOfOutput: gradientOfOutput)
  }
}

final class PlannedConcatenation: PlannedLayer {
  private let inputs: [(tensor: PlanTensor, view: ChannelBlocks, channel: Int)]
  private let output: PlanTensor
  private let outputView: ChannelBlocks
  private let gradients: [PlanTensor?]
  private let gradientOfOutput: PlanTensor?

  init(inputs: [PlanTensor], output: PlanTensor, gradients: [PlanTensor?], gradientOfOutput: PlanTensor?) throws {
    var channel = 0
    self.inputs = try inputs.map { tensor in
      let view = try tensor.layout.channelBlocks()
      defer { channel += view.channels }
      return (tensor, view, channel)
    }
    self.output = output
    outputView = try output.layout.channelBlocks()
    self.gradients = gradients
    self.gradientOfOutput = gradientOfOutput
  }

  func forward() throws {
    for input in inputs {
      JoinLoops.copy(
        try input.tensor.region(), input.view, into: try output.region(), outputView, channelOffset: input.channel)
    }
  }

  func backward() throws {
    guard let gradientOfOutput else { return }
    for (input, gradient) in zip(inputs, gradients) {
      guard let gradient else { continue }
      JoinLoops.extract(
        try gradient.region(), input.view, from: try gradientOfOutput.region(), outputView, channelOffset: input.channel)
    }
  }
}

/// Adds two activations of equal shape, as residual connections do, with an optional ReLU behind.
///
/// The gradients of both inputs lie where that of the output lay, where `JoinedGradients` allows it; else that of the first input does, unless
/// others read that input too.
/// Batch norms before it are computed on the way. Cost: forward moves 12 bytes a float; backward 12 with a ReLU and none without, where gradients are joined.
public struct Addition: Layer {
  /// Whether max(0, x + y) is the output.
  public var rectified: Bool
  /// The layer.
  public init(rectified: Bool = false) { self.rectified = rectified }

  /// The layer's name in reports.
  public var kind: String { "addition" }

  /// The inputs' shape.
  /// - Throws: `LongtailError` when they differ.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard inputs.count == 2, inputs[0] == inputs[1] else {
      throw LongtailError(.internalError, "activations of different shapes cannot be added: \(inputs)")
    }
    return inputs[0]
  }

  /// Claims memory.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let (first, second) = (try builder.input(0), try builder.input(1))
    guard first.layout.isSame(as: second.layout) else {
      throw LongtailError(.internalError, "layer \(builder.node.name) adds activations of different layouts")
    }
    let output = try builder.output()
    let rectified = rectified
    let (a, b) = (builder.takeNormalization(ofInput: 0), builder.takeNormalization(ofInput: 1))
    let forward: () throws -> Void
    if a != nil || b != nil {
      let view = try output.layout.channelBlocks()
      forward = {
        AdditionLoops.add(
          try (a?.source ?? first).region(), a?.scaling, try (b?.source ?? second).region(), b?.scaling, view, rectified: rectified,
          into: try output.region())
      }
    } else {
      forward = { AdditionLoops.add(try first.region(), try second.region(), rectified: rectified, into: try output.region()) }
    }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    if rectified { builder.keepOutput() }
    if builder.joinsGradients {
      let gradient = try builder.gradientOfOutput()
      guard rectified else { return PlannedLoops(forward) }
      return PlannedLoops(forward) {
        let region = try gradient.region()
        AdditionLoops.gradient(output: try output.region(), gradient: region, into: (region, nil))
      }
    }
    if builder.node.inputs[0] != builder.node.inputs[1] { try builder.shareGradientWithInput(0) }
    let gradientOfOutput = try builder.gradientOfOutput()
    let gradients = (try builder.gradientOfInput(0), try builder.gradientOfInput(1))
    return PlannedLoops(forward) {
      AdditionLoops.gradient(
        output: rectified ? try output.region() : nil, gradient: try gradientOfOutput.region(),
        into: (try gradients.0?.region(), try gradients.1?.region()))
    }
  }
}
