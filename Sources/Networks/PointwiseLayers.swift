import Kernels
import Tensors

/// max(0, x), where no batch norm stands before it to take it over.
public struct Rectifier: Layer {
  /// The layer.
  public init() {}
  /// The layer's name in reports.
  public var kind: String { "rectifier" }
  /// The input's shape.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape { inputs[0] }

  /// Claims memory.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input()
    let output = try builder.output(input.layout)
    guard builder.isTraining, let gradientOfInput = try builder.gradientOfInput() else {
      return PlannedLoops { ActivationLoops.rectify(try input.region(), into: try output.region()) }
    }
    builder.keepOutput()
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops {
      ActivationLoops.rectify(try input.region(), into: try output.region())
    } backward: {
      ActivationLoops.rectifyBackward(
        output: try output.region(), gradient: try gradientOfOutput.region(), into: try gradientOfInput.region())
    }
  }
}

/// Sets a share of the numbers to zero in training and enlarges the others, so that the mean stays.
///
/// The mask is a function of (seed, epoch, sample, layer, channel, position): it depends neither on ranks nor on layouts.
/// Source: Srivastava et al., "Dropout", JMLR 2014.
public struct Dropout: Layer {
  /// The share of numbers that become zero, in [0, 1).
  public var probability: Double
  /// The layer.
  public init(probability: Double) { self.probability = probability }
  /// The layer's name in reports.
  public var kind: String { "dropout" }

  /// The input's shape.
  /// - Throws: `LongtailError` when the probability is not in [0, 1).
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard (0..<1).contains(probability) else {
      throw LongtailError(.usage, "a dropout probability of \(probability) is outside [0, 1)")
    }
    return inputs[0]
  }

  /// Claims memory.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input()
    let output = try builder.output(input.layout)
    guard builder.isTraining else { return PlannedLoops { try output.region().copy(input.region()) } }
    let view = try input.layout.channelBlocks()
    let (layer, probability, samples) = (builder.index, probability, builder.options.samples)
    func drop(_ x: PlanTensor, _ y: PlanTensor) throws {
      guard samples.streams.count >= view.images else {
        throw LongtailError(.internalError, "dropout needs to know the samples of the batch before the forward pass")
      }
      ActivationLoops.drop(
        try x.region(), view, probability: probability, layer: layer, streams: samples.streams, into: try y.region())
    }
    guard let gradientOfInput = try builder.gradientOfInput() else { return PlannedLoops { try drop(input, output) } }
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops {
      try drop(input, output)
    } backward: {
      try drop(gradientOfOutput, gradientOfInput)
    }
  }
}

/// Bilinear resampling to given extents or by a factor, with half-pixel centres (PyTorch's `align_corners = false`).
public struct BilinearResampling: Layer {
  /// How much larger rows and columns become.
  public var factor: Int
  /// The layer.
  public init(factor: Int) { self.factor = factor }
  /// The layer's name in reports.
  public var kind: String { "resampling" }

  /// The enlarged shape.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    FeatureShape(channels: inputs[0].channels, height: inputs[0].height * factor, width: inputs[0].width * factor)
  }

  /// Makes the kernels.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input()
    let block = try input.layout.channelBlocks().block
    let extents = builder.outputShape.extents(images: builder.images)
    let output = try builder.output(block == 8 || block == 16 ? .blocked(extents, block: block) : .plain(extents))
    let descriptor = try ResamplingKernels.forward(training: builder.isTraining, source: input.layout, destination: output.layout)
    let forward = try builder.primitive(descriptor, pass: .forward, [(.source, input), (.destination, output)])
    guard builder.isTraining, let gradientOfInput = try builder.gradientOfInput() else {
      return PlannedPrimitives(forward: forward, backward: nil)
    }
    let backward = try ResamplingKernels.backward(hint: descriptor, source: input.layout, destination: output.layout)
    return PlannedPrimitives(
      forward: forward,
      backward: try builder.primitive(
        backward, pass: .backwardData,
        [(.gradientOfSource, gradientOfInput), (.gradientOfDestination, try builder.gradientOfOutput())]))
  }
}

/// A layer whose passes are loops of ours.
final class PlannedLoops: PlannedLayer {
  private let forwardLoop: () throws -> Void
  private let backwardLoop: () throws -> Void

  init(_ forward: @escaping () throws -> Void, backward: @escaping () throws -> Void = {}) {
    forwardLoop = forward
    backwardLoop = backward
  }

  func forward() throws { try forwardLoop() }
  func backward() throws { try backwardLoop() }
}

/// The samples of the batch that is being computed: what dropout's masks depend on.
public final class BatchSamples: @unchecked Sendable {
  /// One stream of random numbers for each image.
  public var streams: [CounterRandom] = []
  /// None yet.
  public init() {}
}
