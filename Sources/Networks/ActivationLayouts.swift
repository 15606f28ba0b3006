import Kernels
import Tensors

/// Images of a batch and their extents: what a plan is compiled for.
package struct BatchShape: Hashable, Sendable {
  /// Images; may be zero.
  package var images: Int
  /// Rows of an image.
  package var height: Int
  /// Columns of an image.
  package var width: Int

  /// Names the extents.
  package init(images: Int, height: Int, width: Int) {
    self.images = images
    self.height = height
    self.width = width
  }
}

/// How the tensors of one layer lie in memory, for one batch shape.
public struct LayerLayouts {
  /// The output.
  package var output: TensorLayout
  /// The parameters by name, as the layer would have them.
  package var parameters: [String: TensorLayout]

  /// Names the layouts.
  package init(output: TensorLayout, parameters: [String: TensorLayout] = [:]) {
    self.output = output
    self.parameters = parameters
  }
}

/// What a layer knows when it is asked for its layouts.
public struct LayoutContext {
  /// Images of the batch; at least 1.
  package let images: Int
  /// The inputs' layouts.
  package let inputs: [TensorLayout]
  /// Extents of the inputs.
  package let inputShapes: [FeatureShape]
  /// Extents of the output.
  package let outputShape: FeatureShape
  /// Whether the plan may have a backward pass: false where the network only predicts.
  package let keepsForBackward: Bool
  /// Settings of the plan.
  package let options: PlanOptions
  /// The layout of the first input of the layer that computes the last input: what unpooling restores.
  let restored: TensorLayout?

  /// Channels of the inputs.
  package var inputChannels: [Int] { inputShapes.map(\.channels) }

  /// The output in channel blocks like those of the first input; in planes where that is not blocked.
  /// - Throws: `LongtailError` for an input that is not made of channel blocks.
  package func blockedLikeInput() throws -> TensorLayout {
    let block = try inputs[0].channelBlocks().block
    let extents = outputShape.extents(images: images)
    return block == 8 || block == 16 ? try .blocked(extents, block: block) : try .plain(extents)
  }
}

/// The layouts of all activations of a graph for one batch shape, found layer by layer.
struct ActivationLayouts {
  /// By node.
  private(set) var layers: [LayerLayouts] = []
  /// Extents by value.
  let shapes: [FeatureShape]
  /// The network's input.
  let input: TensorLayout

  /// Asks the layers in order. Costs a request to the library for each convolution; no kernel is made.
  init(_ graph: Graph, shape: BatchShape, keepsForBackward: Bool, options: PlanOptions) throws {
    shapes = try graph.shapes(height: shape.height, width: shape.width)
    let images = max(1, shape.images)
    let extents = shapes[0].extents(images: images)
    input = try graph.inputOrder == .channelBlocks ? .blocked(extents, block: options.channelBlock ?? 8) : .plain(extents)
    var values: [TensorLayout] = [input]
    for node in graph.nodes {
      let restored = node.inputs.last.flatMap(graph.producer(of:)).flatMap { graph.nodes[$0].inputs.first }.map { values[$0.index] }
      let context = LayoutContext(
        images: images, inputs: node.inputs.map { values[$0.index] }, inputShapes: node.inputs.map { shapes[$0.index] },
        outputShape: shapes[node.output.index], keepsForBackward: keepsForBackward, options: options, restored: restored)
      let made = try node.layer.layouts(context)
      layers.append(made)
      values.append(made.output)
    }
  }
}
