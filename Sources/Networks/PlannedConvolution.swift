import Kernels
import Tensors

/// A convolution or transposed convolution compiled for one batch shape.
///
/// The weights keep the layout that forward prefers; a pass that wants another one reorders them, which the plan reports.
final class PlannedConvolution: PlannedLayer {
  private let packedWeights: PackedWeights?
  private let forwardKernel: any PassKernel
  private let forwardReorder: Primitive?
  private var dataKernel: (any PassKernel)?
  private var dataReorder: Primitive?
  private var weightsKernel: (any PassKernel)?
  private var weightsReorder: Primitive?
  /// Rows of an output with channels that do not fill their last block: products leave the rest of it as it was.
  private var paddedRows: (output: PlanTensor, blocks: ChannelBlocks)?

  init(
    _ builder: NodeBuilder, weightExtents: [Int], hasBias: Bool, candidates: some ConvolutionRequests, packing: PackedGroups? = nil
  ) throws {
    let name = builder.node.name
    let input = try builder.input()
    let anyWeights = try TensorLayout.any(weightExtents)
    let biasLayout = hasBias ? try TensorLayout.plain([builder.outputShape.channels]) : nil
    // The direct algorithm has settled the layouts; other algorithms take part where they accept them.
    let output = try builder.output()
    let parameter = try builder.parameter("weight")
    packedWeights = try packing.map { try PackedWeights(builder, $0, parameter) }
    let weight = packedWeights?.weights ?? ConvolutionWeights(value: parameter.value, gradient: parameter.gradient)
    let bias = hasBias ? try builder.parameter("bias") : nil
    let tuner = try ConvolutionTuner(
      builder, candidates: candidates,
      ConvolutionLayouts(source: input.layout, weights: weight.value.layout, bias: biasLayout, destination: output.layout))

    // Forward.
    let forward = try tuner.choose(.forward) {
      try candidates.forward($0, training: builder.keepsForBackward, input.layout, anyWeights, biasLayout, output.layout)
    }
    let forwardWeights = try PlannedConvolution.converted(
      weight.value, to: try forward.weightsLayout(kept: weight.value.layout), builder, .forward)
    forwardReorder = forwardWeights.reorder
    // A normalization that is taken over has to be computed again for a pass that cannot scale.
    let normalization =
      forward.scalesAndAdds && (!builder.runsBackward || builder.canRecompute()) ? builder.takeNormalization(ofInput: 0) : nil
    forwardKernel = try PlannedConvolution.kernel(
      forward, .forward, builder,
      ConvolutionTensors(
        source: normalization?.source ?? input, weights: forwardWeights.tensor, bias: bias?.value, destination: output),
      PassFusion(scaling: normalization?.scaling))
    let blocks = try output.layout.channelBlocks()
    if (candidates as? ConvolutionCandidates)?.isProduct == true, blocks.imageStride > blocks.channels { paddedRows = (output, blocks) }
    guard builder.runsBackward else { return }

    func hint(_ algorithm: ConvolutionAlgorithm) throws -> PrimitiveDescriptor {
      try candidates.forward(algorithm, training: true, input.layout, anyWeights, biasLayout, output.layout)
    }
    let gradientOfOutput = try builder.gradientOfOutput()

    // Backward by data, not needed for the first layer.
    if builder.needsGradientOfInput() {
      let chosen = try tuner.choose(.backwardData) {
        try candidates.backwardData($0, hint($0), input.layout, anyWeights, output.layout)
      }
      let weights = try PlannedConvolution.converted(
        weight.value, to: try chosen.weightsLayout(kept: weight.value.layout), builder, .backwardData)
      dataReorder = weights.reorder
      if let gradientOfInput = try builder.gradientOfInput(0, canAdd: chosen.scalesAndAdds) {
        dataKernel = try PlannedConvolution.kernel(
          chosen, .backwardData, builder,
          ConvolutionTensors(source: gradientOfInput.tensor, weights: weights.tensor, destination: gradientOfOutput),
          PassFusion(adds: gradientOfInput.adds))
      }
    }

    // Backward by weights: the only pass that reads the input again. Its result goes straight into the flat buffer where the layout allows.
    guard weight.gradient != nil || bias?.gradient != nil else { return }
    let chosen = try tuner.choose(.backwardWeights) {
      try candidates.backwardWeights($0, hint($0), input.layout, anyWeights, biasLayout, output.layout)
    }
    // Weights and bias come from one kernel: what only one of them is trained for goes nowhere.
    let kept = try weight.gradient ?? builder.scratch(weight.value.layout, inBackward: true)
    let gradientOfBias = try bias.map { try $0.gradient ?? builder.scratch($0.value.layout, inBackward: true) }
    let layout = try chosen.gradientOfWeightsLayout(kept: kept.layout)
    var target = kept
    if !layout.isSame(as: kept.layout) {
      target = try builder.scratch(layout, inBackward: true)
      weightsReorder = try builder.primitive(
        ReorderKernels.reorder(from: layout, to: kept.layout), pass: .backwardWeights, [(.reorderFrom, target), (.reorderTo, kept)])
      builder.note(weightReorder: "\(name) gradient of weights, \(layout.byteCount) bytes")
    }
    let scaled = chosen.scalesAndAdds ? normalization : nil
    let source = try scaled?.source ?? builder.inputForBackward()
    weightsKernel = try PlannedConvolution.kernel(
      chosen, .backwardWeights, builder,
      ConvolutionTensors(source: source, weights: target, bias: gradientOfBias, destination: gradientOfOutput),
      PassFusion(scaling: scaled?.scaling))
  }

  private static func converted(
    _ weights: PlanTensor, to layout: TensorLayout, _ builder: NodeBuilder, _ pass: PlanReport.Pass
  ) throws -> (tensor: PlanTensor, reorder: Primitive?) {
    if layout.isSame(as: weights.layout) { return (weights, nil) }
    let tensor = try builder.scratch(layout, inBackward: pass != .forward)
    let reorder = try builder.primitive(
      ReorderKernels.reorder(from: weights.layout, to: layout), pass: pass, [(.reorderFrom, weights), (.reorderTo, tensor)])
    builder.note(weightReorder: "weights for \(pass.rawValue), \(layout.byteCount) bytes")
    return (tensor, reorder)
  }

  private static func kernel(
    _ candidate: ConvolutionCandidate, _ pass: PlanReport.Pass, _ builder: NodeBuilder, _ tensors: ConvolutionTensors,
    _ fusion: PassFusion = PassFusion()
  ) throws -> any PassKernel {
    switch candidate {
    case .own(let convolution):
      return try builder.ownPass(convolution, pass: pass, tensors, fusion)
    case .library(_, let descriptor):
      var arguments: [(Primitive.Argument, PlanTensor)]
      switch pass {
      case .forward:
        arguments = [(.source, tensors.source), (.weights, tensors.weights), (.destination, tensors.destination)]
        if let bias = tensors.bias { arguments.append((.bias, bias)) }
      case .backwardData:
        arguments = [
          (.gradientOfDestination, tensors.destination), (.weights, tensors.weights), (.gradientOfSource, tensors.source),
        ]
      case .backwardWeights:
        arguments = [
          (.source, tensors.source), (.gradientOfDestination, tensors.destination), (.gradientOfWeights, tensors.weights),
        ]
        if let bias = tensors.bias { arguments.append((.gradientOfBias, bias)) }
      }
      return try builder.primitive(descriptor, pass: pass, arguments)
    }
  }

  func forward() throws {
    try packedWeights?.expand()
    try forwardReorder?.execute()
    try forwardKernel.execute()
    if let (output, blocks) = paddedRows {
      MatrixLoops.clearPadding(
        try MatrixView(output.region(), rows: blocks.images, columns: blocks.channels, stride: blocks.imageStride))
    }
  }

  func backward() throws {
    try weightsKernel?.execute()
    try weightsReorder?.execute()
    try packedWeights?.collectGradient()
    try dataReorder?.execute()
    try dataKernel?.execute()
  }
}

extension LayoutContext {
  /// The layouts of a convolution: what the direct algorithm prefers for weights and output, or what loops of ours want where the library
  /// has but reference loops.
  func layouts(weightExtents: [Int], hasBias: Bool, _ candidates: any ConvolutionRequests) throws -> LayerLayouts {
    let extents = outputShape.extents(images: images)
    let anyOutput = try options.channelBlock.map { try TensorLayout.blocked(extents, block: $0) } ?? .any(extents)
    let bias = hasBias ? try TensorLayout.plain([outputShape.channels]) : nil
    let direct = try candidates.forward(.direct, training: keepsForBackward, inputs[0], .any(weightExtents), bias, anyOutput)
    var (weights, output) = (try direct.weightsLayout(), try direct.destinationLayout())
    if direct.isReference, let own = try candidates.ownLayouts(source: inputs[0], weightExtents: weightExtents, outputExtents: extents) {
      (weights, output) = own
    }
    var parameters = ["weight": weights]
    parameters["bias"] = bias
    return LayerLayouts(output: output, parameters: parameters)
  }
}
