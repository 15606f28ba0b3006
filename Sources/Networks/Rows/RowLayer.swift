import Kernels
import Tensors

/// A layer that takes one row of numbers an image, and gives one: what stands behind pooling over the whole image.
///
/// Its output lies row by row, without padding; its weights are matrices, row-major as files have them.
public protocol RowLayer: Layer {}

extension RowLayer {
  /// One row.
  /// - Throws: `LongtailError` for an activation that has several positions.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard let input = inputs.first, input.height == 1, input.width == 1 else {
      throw LongtailError(
        .internalError, "a layer of rows follows an activation of several positions: \(inputs)", advice: "Pool over the whole image first.")
    }
    return FeatureShape(channels: outputChannels(inputs.map(\.channels)), height: 1, width: 1)
  }

  /// Rows, and matrices row-major.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let parameters = try parameters(context.inputChannels).map { ($0.name, try TensorLayout.plain($0.shape)) }
    return LayerLayouts(
      output: try .plain(context.outputShape.extents(images: context.images)), parameters: Dictionary(parameters) { first, _ in first })
  }
}

extension Graph {
  /// Whether the logits are one row an image, and not one for each position.
  public var hasLogitsOfImages: Bool {
    guard let value = try? value(of: .logits), let node = producer(of: value) else { return false }
    return nodes[node].layer is any RowLayer
  }
}

/// A tensor of a plan as a matrix: activations of one position an image, or the weights of a layer of rows.
struct RowTensor {
  let tensor: PlanTensor
  private let rows: Int
  private let columns: Int
  private let stride: Int

  /// - Throws: `LongtailError` for an activation of several positions.
  init(_ tensor: PlanTensor) throws {
    self.tensor = tensor
    let extents = tensor.layout.extents
    if extents.count == 2 {
      (rows, columns, stride) = (extents[0], extents[1], extents[1])
    } else {
      let view = try tensor.layout.channelBlocks()
      guard view.positions == 1 else { throw LongtailError(.internalError, "the layout \(tensor.layout) is not one row an image") }
      (rows, columns, stride) = (view.images, view.channels, view.imageStride)
    }
  }

  /// The numbers, once placed.
  func view() throws -> MatrixView { try MatrixView(try tensor.region(), rows: rows, columns: columns, stride: stride) }
}
