import Kernels
import Tensors

/// Puts values back where a maximum pooling found its maxima; zero elsewhere. SegNet's way of enlarging.
///
/// Takes two inputs: the values, and the output of the pooling layer whose positions it uses (only its positions are read).
/// Forward is the pooling's backward kernel, backward a gather of our own: oneDNN has no unpooling.
/// Source: Badrinarayanan, Kendall, Cipolla, "SegNet", TPAMI 2017.
public struct MaximumUnpooling: Layer {
  /// The layer, for a pooling with windows that do not overlap.
  public init() {}

  /// The layer's name in reports.
  public var kind: String { "maximumUnpooling" }

  /// The second input only names the pooling.
  public func readsNumbers(ofInput i: Int) -> Bool { i == 0 }

  /// The pooling's positions are needed, in inference too.
  public func needsProducer(ofInput i: Int) -> Bool { true }

  /// Twice the extents of the values: the pooling's input had an even size, because images divide by the network's stride.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard inputs.count == 2, inputs[0] == inputs[1] else {
      throw LongtailError(.internalError, "unpooling needs values of the same shape as the pooled activation")
    }
    return FeatureShape(channels: inputs[0].channels, height: 2 * inputs[0].height, width: 2 * inputs[0].width)
  }

  /// That of the pooling's input.
  /// - Throws: `LongtailError` where the second input is no pooled activation.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    guard let restored = context.restored else {
      throw LongtailError(.internalError, "unpooling needs the output of a maximum pooling as its second input")
    }
    return LayerLayouts(output: restored)
  }

  /// Makes the kernels.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let record = try builder.poolingRecord()
    let input = try builder.input(0)
    builder.keepPositions(record)
    guard input.layout.isSame(as: record.pooledLayout), record.geometry.kernel == [2, 2], record.geometry.strides == [2, 2] else {
      throw LongtailError(.internalError, "unpooling needs 2x2 windows and values in the layout of the pooled activation")
    }
    let output = try builder.output()
    let descriptor = try PoolingKernels.backward(
      .maximum, record.geometry, hint: record.hint, source: record.inputLayout, destination: record.pooledLayout)
    let forward = try builder.primitive(
      descriptor, pass: .forward,
      [(.gradientOfSource, output), (.gradientOfDestination, input), (.workspace, record.workspace)])
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput(0) else {
      return PlannedUnpooling(forward: forward, gather: nil)
    }
    let gather = UnpoolingGather(
      positions: record.workspace, pooled: try input.layout.channelBlocks(), full: try output.layout.channelBlocks(),
      gradientOfOutput: try builder.gradientOfOutput(), gradientOfInput: gradientOfInput)
    return PlannedUnpooling(forward: forward, gather: gather)
  }
}

struct UnpoolingGather {
  let positions: PlanTensor
  let pooled: ChannelBlocks
  let full: ChannelBlocks
  let gradientOfOutput: PlanTensor
  let gradientOfInput: PlanTensor
}

final class PlannedUnpooling: PlannedLayer {
  private let forwardKernel: Primitive
  private let gather: UnpoolingGather?

  init(forward: Primitive, gather: UnpoolingGather?) {
    forwardKernel = forward
    self.gather = gather
  }

  func forward() throws { try forwardKernel.execute() }

  func backward() throws {
    guard let gather else { return }
    let positions = try gather.positions.bytes()
    UnpoolingLoops.gather(
      from: try gather.gradientOfOutput.region(), gather.full, positions: positions.buffer, byteOffset: positions.byteOffset,
      into: try gather.gradientOfInput.region(), gather.pooled)
  }
}

extension NodeBuilder {
  func poolingRecord() throws -> PlanBuilder.MaximumPoolingRecord {
    guard node.inputs.count == 2, let record = plan.poolings[node.inputs[1].index] else {
      throw LongtailError(.internalError, "layer \(node.name) unpools, but its second input is not a maximum pooling")
    }
    return record
  }

  func keepPositions(_ record: PlanBuilder.MaximumPoolingRecord) {
    record.workspace.slot?.extend(to: plan.forwardMoment(index))
    if runsBackward { record.workspace.slot?.extend(to: plan.backwardMoment(index)) }
  }
}
