import Kernels
import Tensors

/// The weights that the kernels of a convolution read, and where the gradient goes that they write.
struct ConvolutionWeights {
  let value: PlanTensor
  /// Nil where it is not needed.
  let gradient: PlanTensor?
}

/// Weights of groups that are put together: made from the parameter in each forward pass; their gradient is cut out of the kernel's.
struct PackedWeights {
  /// What the kernels see, row-major.
  let weights: ConvolutionWeights
  private let packing: PackedGroups
  private let parameter: BoundParameter

  init(_ builder: NodeBuilder, _ packing: PackedGroups, _ parameter: BoundParameter) throws {
    let layout = try TensorLayout.plain(packing.extents)
    weights = ConvolutionWeights(
      value: try builder.workspace(layout),
      gradient: try parameter.gradient.map { _ in try builder.scratch(layout, inBackward: true) })
    (self.packing, self.parameter) = (packing, parameter)
    builder.note(weightReorder: "weights of \(packing.packed) groups put together, \(layout.byteCount) bytes")
  }

  func expand() throws { packing.expand(try parameter.value.region(), into: try weights.value.region()) }

  func collectGradient() throws {
    guard let whole = weights.gradient, let target = parameter.gradient else { return }
    packing.compact(try whole.region(), into: try target.region())
  }
}
