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
    let output = try builder.output()
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else {
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
    let output = try builder.output()
    guard builder.usesBatchStatistics else { return PlannedLoops { try output.region().copy(input.region()) } }
    let view = try input.layout.channelBlocks()
    let (layer, probability, samples) = (builder.index, probability, builder.samples)
    func drop(_ x: PlanTensor, _ y: PlanTensor) throws {
      guard samples.streams.count >= view.images else {
        throw LongtailError(.internalError, "dropout needs to know the samples of the batch before the forward pass")
      }
      ActivationLoops.drop(
        try x.region(), view, probability: probability, layer: layer, streams: samples.streams, into: try y.region())
    }
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else {
      return PlannedLoops { try drop(input, output) }
    }
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops {
      try drop(input, output)
    } backward: {
      try drop(gradientOfOutput, gradientOfInput)
    }
  }
}

/// A layer whose passes are loops of ours.
package final class PlannedLoops: PlannedLayer {
  private let forwardLoop: () throws -> Void
  private let backwardLoop: () throws -> Void

  /// Takes the loops.
  package init(_ forward: @escaping () throws -> Void, backward: @escaping () throws -> Void = {}) {
    forwardLoop = forward
    backwardLoop = backward
  }

  /// Runs the one.
  package func forward() throws { try forwardLoop() }
  /// Runs the other.
  package func backward() throws { try backwardLoop() }
}

/// The samples of the batch that is being computed: what dropout's masks depend on.
final class BatchSamples {
  /// One stream of random numbers for each image.
  var streams: [CounterRandom] = []
}
