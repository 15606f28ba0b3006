import Kernels
import Tensors

/// Loops that bring an activation to other extents, and its gradient back.
protocol ResamplingLoops {
  func forward(_ source: FloatRegion, into destination: FloatRegion)
  func backward(gradient: FloatRegion, into target: FloatRegion)
}

extension BilinearLoops: ResamplingLoops {}
extension NearestLoops: ResamplingLoops {}

/// What the layers have in common that bring an activation to the extents of another one.
enum Resampling {
  /// The channels of the first input, the extents of the second.
  /// - Throws: `LongtailError` unless there are two inputs.
  static func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard inputs.count == 2 else { throw LongtailError(.internalError, "resampling needs an activation that gives the extents") }
    return FeatureShape(channels: inputs[0].channels, height: inputs[1].height, width: inputs[1].width)
  }

  /// Plans the loops.
  /// - Parameter make: nil where the loops cannot serve such layouts.
  /// - Throws: `LongtailError` for such layouts.
  static func compile(_ builder: NodeBuilder, _ make: (ChannelBlocks, ChannelBlocks) -> (any ResamplingLoops)?) throws -> any PlannedLayer {
    let (input, output) = (try builder.input(), try builder.output())
    guard let loops = make(try input.layout.channelBlocks(), try output.layout.channelBlocks()) else {
      throw LongtailError(.internalError, "layer \(builder.node.name) cannot resample the layout \(input.layout)")
    }
    let forward = { loops.forward(try input.region(), into: try output.region()) }
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else { return PlannedLoops(forward) }
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops(forward) { loops.backward(gradient: try gradientOfOutput.region(), into: try gradientOfInput.region()) }
  }
}
