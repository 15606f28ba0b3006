import COneDNN
import Tensors

/// How a window of positions becomes one.
public enum PoolingKind: Sendable, Hashable {
  /// The largest value; backward needs the workspace of forward.
  case maximum
  /// The mean over the positions inside the image.
  case average

  var native: dnnl_alg_kind_t { self == .maximum ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding }
}

/// Requests for pooling.
package enum PoolingKernels {
  private static let noDilation: [Int64] = [0, 0]

  /// Forward. With `training`, maximum pooling writes a workspace of positions.
  package static func forward(
    _ kind: PoolingKind, _ geometry: ConvolutionGeometry, training: Bool, source: TensorLayout, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("pooling") {
      dnnl_pooling_forward_primitive_desc_create(
        $0, engine, training ? dnnl_forward_training : dnnl_forward_inference, kind.native, source.handle, destination.handle,
        geometry.nativeStrides, geometry.kernel.map(Int64.init), noDilation, geometry.nativePadding, geometry.nativePadding, attributes)
    }
  }

  /// Backward; for maximum pooling also the forward pass of unpooling.
  package static func backward(
    _ kind: PoolingKind, _ geometry: ConvolutionGeometry, hint: PrimitiveDescriptor, source: TensorLayout, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("pooling backward") {
      dnnl_pooling_backward_primitive_desc_create(
        $0, engine, kind.native, source.handle, destination.handle, geometry.nativeStrides, geometry.kernel.map(Int64.init),
        noDilation, geometry.nativePadding, geometry.nativePadding, hint.handle, attributes)
    }
  }
}

/// Requests that move or convert a tensor.
package enum ReorderKernels {
  /// Copies a tensor into another layout.
  package static func reorder(from: TensorLayout, to: TensorLayout) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a reorder") {
      dnnl_reorder_primitive_desc_create($0, from.handle, engine, to.handle, engine, attributes)
    }
  }

  /// Converts a tensor at once, outside of any plan: for checkpoints and initialization.
  package static func convert(
    from source: HostBuffer, byteOffset: Int, _ from: TensorLayout, to destination: HostBuffer, byteOffset destinationOffset: Int,
    _ to: TensorLayout
  ) throws {
    let primitive = try Primitive(reorder(from: from, to: to))
    let (a, b) = (try Memory(from), try Memory(to))
    try a.bind(to: source, byteOffset: byteOffset)
    try b.bind(to: destination, byteOffset: destinationOffset)
    var arguments: [(Primitive.Argument, Memory)] = [(.reorderFrom, a), (.reorderTo, b)]
    if let layout = primitive.descriptor.scratchpad {
      let scratchpad = try Memory(layout)
      try scratchpad.bind(to: HostBuffer(byteCount: layout.byteCount))
      arguments.append((.scratchpad, scratchpad))
    }
    primitive.setArguments(arguments)
    try primitive.execute()
  }
}

/// The layouts that a request settled on, by role.
extension PrimitiveDescriptor {
  /// Layout of the source.
  package func sourceLayout() throws -> TensorLayout { try layout(dnnl_query_src_md) }
  /// Layout of the weights.
  package func weightsLayout() throws -> TensorLayout { try layout(dnnl_query_weights_md) }
  /// Layout of the destination.
  package func destinationLayout() throws -> TensorLayout { try layout(dnnl_query_dst_md) }
  /// Layout of the gradient of the weights.
  package func gradientOfWeightsLayout() throws -> TensorLayout { try layout(dnnl_query_diff_weights_md) }
  /// Layout of the gradient of the source.
  package func gradientOfSourceLayout() throws -> TensorLayout { try layout(dnnl_query_diff_src_md) }
  /// Layout of the gradient of the destination.
  package func gradientOfDestinationLayout() throws -> TensorLayout { try layout(dnnl_query_diff_dst_md) }
  /// Layout of the bias; nil when there is none.
  package var biasLayout: TensorLayout? { optionalLayout(dnnl_query_weights_md, 1) }
  /// Layout of the gradient of the bias; nil when there is none.
  package var gradientOfBiasLayout: TensorLayout? { optionalLayout(dnnl_query_diff_weights_md, 1) }

  private func optionalLayout(_ what: dnnl_query_t, _ index: Int32) -> TensorLayout? {
    guard let layout = try? layout(what, index), layout.byteCount > 0 else { return nil }
    return layout
  }

  /// Layout of what forward leaves for backward; nil when nothing.
  package var workspaceLayout: TensorLayout? {
    guard let layout = try? layout(dnnl_query_workspace_md), layout.byteCount > 0 else { return nil }
    return layout
  }
}
