import COneDNN
import Tensors

/// The geometry of a convolution or a transposed convolution.
package struct ConvolutionGeometry: Hashable, Sendable {
  /// Kernel extents, vertical then horizontal.
  package var kernel: [Int]
  /// Steps between positions.
  package var strides: [Int]
  /// Zeros added on each side: top and left.
  package var padding: [Int]
  /// Distance between taps; 1 is an ordinary convolution.
  package var dilation: [Int]
  /// Channel groups.
  package var groups: Int

  /// A square geometry.
  package init(kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    self.kernel = [kernel, kernel]
    strides = [stride, stride]
    self.padding = [padding, padding]
    self.dilation = [dilation, dilation]
    self.groups = groups
  }

  /// The output's extent for an input's, by dimension.
  package func outputExtent(_ extent: Int, dimension d: Int) -> Int {
    (extent + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / strides[d] + 1
  }

  var nativeStrides: [Int64] { strides.map(Int64.init) }
  var nativePadding: [Int64] { padding.map(Int64.init) }
  /// oneDNN counts the holes between taps.
  var nativeDilation: [Int64] { dilation.map { Int64($0 - 1) } }
}

/// The three passes of a convolution.
package enum ConvolutionPass: Sendable, CaseIterable {
  /// The destination from the source and the weights.
  case forward
  /// The gradient of the source from that of the destination and the weights.
  case backwardData
  /// The gradients of weights and bias from the source and the gradient of the destination.
  case backwardWeights
}

/// How a convolution is computed.
public enum ConvolutionAlgorithm: String, Sendable, Codable, CaseIterable {
  /// oneDNN's direct kernels.
  case direct
  /// oneDNN's Winograd kernels: fewer multiplications for 3x3 kernels of stride 1, AVX-512 only, oneDNN 3.1 and before.
  case winograd
  /// `WinogradConvolution`, and `PhasedWinogradConvolution` where the kernel is dilated: the same saving on AVX2, where the library has no
  /// Winograd kernels; no primitive of the library.
  case tiledWinograd
  /// Products of matrices on AVX2, no primitive of the library: `TapConvolution` for 1x1 kernels and dilated 3x3 ones,
  /// `NonoverlappingTransposedConvolution` for transposed convolutions whose squares do not overlap.
  case matrixProduct

  var native: dnnl_alg_kind_t { self == .winograd ? dnnl_convolution_winograd : dnnl_convolution_direct }
}

/// Requests for the three passes of a convolution.
///
/// Cost of each pass: 2 N O I/g Kh Kw Ho Wo floating-point operations with the direct algorithm.
package enum ConvolutionKernels {
  /// Forward: destination = weights * source (+ bias).
  package static func forward(
    _ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm, training: Bool,
    source: TensorLayout, weights: TensorLayout, bias: TensorLayout?, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a \(algorithm.rawValue) convolution") {
      dnnl_convolution_forward_primitive_desc_create(
        $0, engine, training ? dnnl_forward_training : dnnl_forward_inference, algorithm.native, source.handle, weights.handle,
        bias?.handle, destination.handle, geometry.nativeStrides, geometry.nativeDilation, geometry.nativePadding,
        geometry.nativePadding, attributes)
    }
  }

  /// Backward by data: the gradient of the source from that of the destination.
  package static func backwardData(
    _ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm, hint: PrimitiveDescriptor,
    source: TensorLayout, weights: TensorLayout, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a \(algorithm.rawValue) convolution backward by data") {
      dnnl_convolution_backward_data_primitive_desc_create(
        $0, engine, algorithm.native, source.handle, weights.handle, destination.handle, geometry.nativeStrides,
        geometry.nativeDilation, geometry.nativePadding, geometry.nativePadding, hint.handle, attributes)
    }
  }

  /// Backward by weights: the gradients of weights and bias.
  package static func backwardWeights(
    _ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm, hint: PrimitiveDescriptor,
    source: TensorLayout, weights: TensorLayout, bias: TensorLayout?, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a \(algorithm.rawValue) convolution backward by weights") {
      dnnl_convolution_backward_weights_primitive_desc_create(
        $0, engine, algorithm.native, source.handle, weights.handle, bias?.handle, destination.handle, geometry.nativeStrides,
        geometry.nativeDilation, geometry.nativePadding, geometry.nativePadding, hint.handle, attributes)
    }
  }
}

/// Requests for the three passes of a transposed convolution (oneDNN's deconvolution). Weights are logically O,I,H,W.
package enum TransposedConvolutionKernels {
  /// Forward.
  package static func forward(
    _ geometry: ConvolutionGeometry, training: Bool, source: TensorLayout, weights: TensorLayout, bias: TensorLayout?,
    destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a transposed convolution") {
      dnnl_deconvolution_forward_primitive_desc_create(
        $0, engine, training ? dnnl_forward_training : dnnl_forward_inference, dnnl_deconvolution_direct, source.handle,
        weights.handle, bias?.handle, destination.handle, geometry.nativeStrides, geometry.nativeDilation, geometry.nativePadding,
        geometry.nativePadding, attributes)
    }
  }

  /// Backward by data.
  package static func backwardData(
    _ geometry: ConvolutionGeometry, hint: PrimitiveDescriptor, source: TensorLayout, weights: TensorLayout, destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a transposed convolution backward by data") {
      dnnl_deconvolution_backward_data_primitive_desc_create(
        $0, engine, dnnl_deconvolution_direct, source.handle, weights.handle, destination.handle, geometry.nativeStrides,
        geometry.nativeDilation, geometry.nativePadding, geometry.nativePadding, hint.handle, attributes)
    }
  }

  /// Backward by weights.
  package static func backwardWeights(
    _ geometry: ConvolutionGeometry, hint: PrimitiveDescriptor, source: TensorLayout, weights: TensorLayout, bias: TensorLayout?,
    destination: TensorLayout
  ) throws -> PrimitiveDescriptor {
    let (engine, attributes) = (try OneDNN.engine(), try OneDNN.attributes())
    return try PrimitiveDescriptor("a transposed convolution backward by weights") {
      dnnl_deconvolution_backward_weights_primitive_desc_create(
        $0, engine, dnnl_deconvolution_direct, source.handle, weights.handle, bias?.handle, destination.handle,
        geometry.nativeStrides, geometry.nativeDilation, geometry.nativePadding, geometry.nativePadding, hint.handle, attributes)
    }
  }
}
