import Kernels
import Tensors

/// One way to compute one pass of a convolution.
enum ConvolutionCandidate {
  /// A primitive of the library.
  case library(ConvolutionAlgorithm, PrimitiveDescriptor)
  /// Longtail's own Winograd tiles.
  case tiles(WinogradConvolution)

  var algorithm: ConvolutionAlgorithm {
    switch self {
    case .library(let algorithm, _): algorithm
    case .tiles: .tiledWinograd
    }
  }

  /// The layout that the weights have to have, given the one that they are kept in.
  func weightsLayout(kept: TensorLayout) throws -> TensorLayout {
    switch self {
    case .library(_, let descriptor): try descriptor.weightsLayout()
    case .tiles: kept
    }
  }

  /// The layout that the gradient of the weights comes in.
  func gradientOfWeightsLayout(kept: TensorLayout) throws -> TensorLayout {
    switch self {
    case .library(_, let descriptor): try descriptor.gradientOfWeightsLayout()
    case .tiles: kept
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
  var destination: PlanTensor
}

/// One pass by Winograd tiles.
///
/// In backward passes source and destination, or weights, are the gradients.
struct TiledPass: PassKernel {
  let convolution: WinogradConvolution
  let pass: PlanReport.Pass
  let tensors: ConvolutionTensors
  let scratch: PlanTensor

  /// Name in reports.
  static let implementation = "longtail:winograd_4x4_3x3:avx2"

  func execute() throws {
    let (source, weights, destination) = (try tensors.source.region(), try tensors.weights.region(), try tensors.destination.region())
    let scratch = try scratch.region()
    switch pass {
    case .forward: convolution.forward(source: source, weights: weights, destination: destination, scratch: scratch)
    case .backwardData:
      convolution.backwardData(gradientOfDestination: destination, weights: weights, gradientOfSource: source, scratch: scratch)
    case .backwardWeights:
      convolution.backwardWeights(source: source, gradientOfDestination: destination, gradientOfWeights: weights, scratch: scratch)
    }
  }
}

extension PlanReport.Pass {
  /// The same pass as the tiles name it.
  var tiled: WinogradConvolution.Pass {
    switch self {
    case .forward: .forward
    case .backwardData: .backwardData
    case .backwardWeights: .backwardWeights
    }
  }
}

extension NodeBuilder {
  /// Makes the kernel of a pass by tiles, with memory for what lies between its transforms.
  func tiledPass(_ convolution: WinogradConvolution, pass: PlanReport.Pass, _ tensors: ConvolutionTensors) throws -> TiledPass {
    let floats = max(1, convolution.scratchFloatCount(pass.tiled))
    let scratch = try scratch(try .plain([floats]), inBackward: pass != .forward)
    plan.report.kernels.append(
      PlanReport.Kernel(layer: node.name, kind: node.layer.kind, pass: pass, implementation: TiledPass.implementation))
    return TiledPass(convolution: convolution, pass: pass, tensors: tensors, scratch: scratch)
  }
}
