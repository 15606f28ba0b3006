import Kernels
import Tensors

/// One way to compute one pass of a convolution.
enum ConvolutionCandidate {
  /// A primitive of the library.
  case library(ConvolutionAlgorithm, PrimitiveDescriptor)
  /// Longtail's own loops.
  case own(any OwnConvolution)

  var algorithm: ConvolutionAlgorithm {
    switch self {
    case .library(let algorithm, _): algorithm
    case .own(let convolution): convolution.algorithm
    }
  }

  /// Whether it can scale what it reads and add to what it writes.
  var scalesAndAdds: Bool {
    if case .own(let convolution) = self { return convolution.scalesAndAdds }
    return false
  }

  /// The layout that the weights have to have, given the one that they are kept in.
  func weightsLayout(kept: TensorLayout) throws -> TensorLayout {
    switch self {
    case .library(_, let descriptor): try descriptor.weightsLayout()
    case .own: kept
    }
  }

  /// The layout that the gradient of the weights comes in.
  func gradientOfWeightsLayout(kept: TensorLayout) throws -> TensorLayout {
    switch self {
    case .library(_, let descriptor): try descriptor.gradientOfWeightsLayout()
    case .own: kept
    }
  }
}

/// Something that runs one pass, on tensors that it was given before.
protocol PassKernel {
  func execute() throws
}

extension Primitive: PassKernel {}

/// The tensors of one pass of a convolution: what is read, what is written.
struct ConvolutionTensors {
  var source: PlanTensor
  var weights: PlanTensor
  /// Nil where there is no bias, and backward by data.
  var bias: PlanTensor?
  var destination: PlanTensor
}

/// What a convolution's tensors are, as far as loops of our own have to know.
struct ConvolutionLayouts {
  var source: TensorLayout
  var weights: TensorLayout
  var bias: TensorLayout?
  var destination: TensorLayout
}
