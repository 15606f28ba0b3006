import COneDNN
import Tensors

/// Requests for the three passes of a layer whose kernel covers all positions of its input: a product of matrices, oneDNN's inner product.
///
/// The same numbers as a convolution with that kernel, which the library computes as if every image were a picture of one position: many times
/// slower. The source may lie in channel blocks; an image of the destination is a row. Cost of each pass: 2 N O I H W operations.
package enum ProductKernels {
  /// Forward: destination = weights * source (+ bias).
  package static func forward(
    training: Bool, source: TensorLayout, weights: TensorLayout, bias: TensorLayout?, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes, rows) = (try OneDNN.engine(), try OneDNN.attributes(), try destination.rows())
    return try PrimitiveDescriptor("a product") {
      dnnl_inner_product_forward_primitive_desc_create(
        $0, engine, training ? dnnl_forward_training : dnnl_forward_inference, source.handle, weights.handle, bias?.handle, rows.handle,
        attributes)
    }
  }

  /// Backward by data: the gradient of the source from that of the destination.
  package static func backwardData(
    hint: PrimitiveDescriptor, source: TensorLayout, weights: TensorLayout, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes, rows) = (try OneDNN.engine(), try OneDNN.attributes(), try destination.rows())
    return try PrimitiveDescriptor("a product backward by data") {
      dnnl_inner_product_backward_data_primitive_desc_create(
        $0, engine, source.handle, weights.handle, rows.handle, hint.handle, attributes)
    }
  }

  /// Backward by weights: the gradients of weights and bias.
  package static func backwardWeights(
    hint: PrimitiveDescriptor, source: TensorLayout, weights: TensorLayout, bias: TensorLayout?, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes, rows) = (try OneDNN.engine(), try OneDNN.attributes(), try destination.rows())
    return try PrimitiveDescriptor("a product backward by weights") {
      dnnl_inner_product_backward_weights_primitive_desc_create(
        $0, engine, source.handle, weights.handle, bias?.handle, rows.handle, hint.handle, attributes)
    }
  }
}

extension TensorLayout {
  /// Images of one position as rows of channels: what lies behind a row's channels, up to the end of their last block, is left alone.
  /// - Throws: `LongtailError` for an activation of several positions.
  func rows() throws -> TensorLayout {
    let blocks = try channelBlocks()
    guard blocks.positions == 1 else {
      throw LongtailError(.internalError, "an activation of \(blocks.height)x\(blocks.width) positions is not made of rows")
    }
    var made: dnnl_memory_desc_t?
    try OneDNN.check(
      dnnl_memory_desc_create_with_strides(
        &made, 2, [Int64(blocks.images), Int64(blocks.channels)], dnnl_f32, [Int64(blocks.imageStride), 1]),
      "describe rows")
    guard let made else { throw OneDNN.failure("describe rows", "no object") }
    return TensorLayout(owning: made)
  }

  /// The channel blocks of an activation that lies in some, 8 or 16 at a time; nil for other layouts.
  package var channelBlock: Int? {
    let inner = innerBlocks
    guard extents.count == 4, inner.count == 1, inner[0].dimension == 1, [8, 16].contains(inner[0].size) else { return nil }
    return inner[0].size
  }
}
