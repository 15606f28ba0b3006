import Kernels
import Tensors

/// A shortcut without parameters: every second row and column, with planes of zeros before and behind the channels until there are enough.
///
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, option A of section 4.1, as networks for CIFAR
/// have it. Cost: see `ZeroPaddedSubsampling`.
public struct PaddedShortcut: Layer {
  /// Channels of the output.
  public var channels: Int
  /// Which rows and columns are taken.
  public var stride: Int

  /// Describes the layer.
  public init(channels: Int, stride: Int = 2) { (self.channels, self.stride) = (channels, stride) }

  /// The layer's name in reports.
  public var kind: String { "shortcut" }

  /// The given channels.
  public func outputChannels(_ inputs: [Int]) -> Int { channels }

  /// As many rows and columns as a convolution of that stride gives.
  /// - Throws: `LongtailError` where the channels cannot be padded alike before and behind.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard let input = inputs.first, channels >= input.channels, (channels - input.channels) % 2 == 0 else {
      throw LongtailError(.internalError, "\(inputs) cannot be padded evenly to \(channels) channels")
    }
    return FeatureShape(channels: channels, height: (input.height + stride - 1) / stride, width: (input.width + stride - 1) / stride)
  }

  /// Channel blocks like those of the input.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts { LayerLayouts(output: try context.blockedLikeInput()) }

  /// Plans the loops.
  /// - Throws: `LongtailError` for layouts that are not channel blocks.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let (input, output) = (try builder.input(), try builder.output())
    let views = (try input.layout.channelBlocks(), try output.layout.channelBlocks())
    guard let loops = ZeroPaddedSubsampling(from: views.0, to: views.1, stride: stride) else {
      throw LongtailError(.internalError, "layer \(builder.node.name) cannot read the layout \(input.layout)")
    }
    let forward = { loops.forward(try input.region(), into: try output.region()) }
    guard builder.runsBackward, let dx = try builder.gradientOfInput() else { return PlannedLoops(forward) }
    let dy = try builder.gradientOfOutput()
    return PlannedLoops(forward) { loops.backward(gradient: try dy.region(), into: try dx.region()) }
  }
}
