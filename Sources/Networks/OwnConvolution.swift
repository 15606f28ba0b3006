import Kernels
import Tensors

/// A convolution by Longtail's own loops, which a plan uses as it uses the library's primitives.
///
/// It works on channel blocks of 8 and on weights in the layout that they are kept in.
protocol OwnConvolution {
  /// What it is chosen by.
  var algorithm: ConvolutionAlgorithm { get }
  /// Its name in reports.
  var implementation: String { get }
  /// Floats of scratch memory that a pass needs.
  func scratchFloatCount(_ pass: PlanReport.Pass) -> Int
  /// Floats of activations that a pass copies besides its arithmetic.
  func copiedFloatCount(_ pass: PlanReport.Pass) -> Int
  /// Whether forward and backward by weights can scale the source as they read it, and backward by data add to what lies at its destination.
  var scalesAndAdds: Bool { get }
  /// Runs one pass. In backward passes source and destination, or weights and bias, are the gradients.
  func run(_ pass: PlanReport.Pass, _ regions: OwnConvolutionRegions)
}

extension OwnConvolution {
  func copiedFloatCount(_ pass: PlanReport.Pass) -> Int { 0 }
  var scalesAndAdds: Bool { false }
}

/// What a pass does beside its convolution, where `scalesAndAdds`.
struct PassFusion {
  /// Forward and backward by weights: is applied to the source.
  var scaling: ChannelScaling?
  /// Backward by data: adds to what lies there.
  var adds = false
}

/// The memory of one pass: what is read, what is written.
struct OwnConvolutionRegions {
  var source: FloatRegion
  var weights: FloatRegion
  /// Nil where there is no bias, and backward by data.
  var bias: FloatRegion?
  var destination: FloatRegion
  var scratch: FloatRegion
  var fusion = PassFusion()
}

/// A convolution of our own without a bias, whose passes have the same names in all of them.
protocol UnbiasedConvolution: OwnConvolution {
  func scratchFloatCount(_ pass: ConvolutionPass) -> Int
  func forward(source: FloatRegion, weights: FloatRegion, destination: FloatRegion, scratch: FloatRegion)
  func backwardData(gradientOfDestination: FloatRegion, weights: FloatRegion, gradientOfSource: FloatRegion, scratch: FloatRegion)
  func backwardWeights(source: FloatRegion, gradientOfDestination: FloatRegion, gradientOfWeights: FloatRegion, scratch: FloatRegion)
}

extension UnbiasedConvolution {
  func scratchFloatCount(_ pass: PlanReport.Pass) -> Int { scratchFloatCount(pass.native) }

  func run(_ pass: PlanReport.Pass, _ r: OwnConvolutionRegions) {
    switch pass {
    case .forward: forward(source: r.source, weights: r.weights, destination: r.destination, scratch: r.scratch)
    case .backwardData:
      backwardData(gradientOfDestination: r.destination, weights: r.weights, gradientOfSource: r.source, scratch: r.scratch)
    case .backwardWeights:
      backwardWeights(source: r.source, gradientOfDestination: r.destination, gradientOfWeights: r.weights, scratch: r.scratch)
    }
  }
}

extension WinogradConvolution: OwnConvolution {
  var scalesAndAdds: Bool { true }

  func scratchFloatCount(_ pass: PlanReport.Pass) -> Int { scratchFloatCount(pass.native) }

  func run(_ pass: PlanReport.Pass, _ r: OwnConvolutionRegions) {
    switch pass {
    case .forward:
      forward(source: r.source, weights: r.weights, destination: r.destination, scratch: r.scratch, scaling: r.fusion.scaling)
    case .backwardData:
      backwardData(
        gradientOfDestination: r.destination, weights: r.weights, gradientOfSource: r.source, scratch: r.scratch, adding: r.fusion.adds)
    case .backwardWeights:
      backwardWeights(
        source: r.source, gradientOfDestination: r.destination, gradientOfWeights: r.weights, scratch: r.scratch, scaling: r.fusion.scaling)
    }
  }

  var algorithm: ConvolutionAlgorithm { .tiledWinograd }
  var implementation: String { "longtail:winograd_4x4_3x3:avx2" }
}

extension PhasedWinogradConvolution: UnbiasedConvolution {
  var algorithm: ConvolutionAlgorithm { .tiledWinograd }
  var implementation: String { "longtail:phased_winograd_4x4_3x3:avx2" }
  func copiedFloatCount(_ pass: PlanReport.Pass) -> Int { copiedFloatCount }
}

extension TapConvolution: UnbiasedConvolution {
  var algorithm: ConvolutionAlgorithm { .matrixProduct }
  var implementation: String { "longtail:taps_\(kernel)x\(kernel):avx2" }
}

extension NonoverlappingTransposedConvolution: OwnConvolution {
  var algorithm: ConvolutionAlgorithm { .matrixProduct }
  var implementation: String { "longtail:transposed_2x2:avx2" }

  func scratchFloatCount(_ pass: PlanReport.Pass) -> Int { scratchFloatCount(pass.native) }

  func run(_ pass: PlanReport.Pass, _ r: OwnConvolutionRegions) {
    switch pass {
    case .forward: forward(source: r.source, weights: r.weights, bias: r.bias, destination: r.destination, scratch: r.scratch)
    case .backwardData:
      backwardData(gradientOfDestination: r.destination, weights: r.weights, gradientOfSource: r.source, scratch: r.scratch)
    case .backwardWeights:
      backwardWeights(
        source: r.source, gradientOfDestination: r.destination, gradientOfWeights: r.weights, gradientOfBias: r.bias, scratch: r.scratch)
    }
  }
}

/// Takes part in the pass by weights alone.
extension SmallMapWeightsPass: OwnConvolution {
  var algorithm: ConvolutionAlgorithm { .matrixProduct }
  var implementation: String { "longtail:small_map:avx2" }

  func scratchFloatCount(_ pass: PlanReport.Pass) -> Int { 0 }

  func run(_ pass: PlanReport.Pass, _ r: OwnConvolutionRegions) {
    precondition(pass == .backwardWeights, "small maps have loops of our own for the pass by weights alone")
    run(source: r.source, gradientOfDestination: r.destination, gradientOfWeights: r.weights, gradientOfBias: r.bias)
  }
}

extension PlanReport.Pass {
  /// The same pass as the kernels name it.
  var native: ConvolutionPass {
    switch self {
    case .forward: .forward
    case .backwardData: .backwardData
    case .backwardWeights: .backwardWeights
    }
  }
}

/// One pass by loops of our own, on tensors that it was given before.
struct OwnPass: PassKernel {
  let convolution: any OwnConvolution
  let pass: PlanReport.Pass
  let tensors: ConvolutionTensors
  let scratch: PlanTensor
  var fusion = PassFusion()

  func execute() throws {
    convolution.run(
      pass,
      OwnConvolutionRegions(
        source: try tensors.source.region(), weights: try tensors.weights.region(), bias: try tensors.bias?.region(),
        destination: try tensors.destination.region(), scratch: try scratch.region(), fusion: fusion))
  }
}

extension NodeBuilder {
  /// Makes the kernel of a pass by loops of our own, with their scratch memory.
  func ownPass(
    _ convolution: any OwnConvolution, pass: PlanReport.Pass, _ tensors: ConvolutionTensors, _ fusion: PassFusion = PassFusion()
  ) throws -> OwnPass {
    let floats = max(1, convolution.scratchFloatCount(pass))
    let scratch = try scratch(try .plain([floats]), inBackward: pass != .forward)
    plan.report.kernels.append(
      PlanReport.Kernel(layer: node.name, kind: node.layer.kind, pass: pass, implementation: convolution.implementation))
    let copied = convolution.copiedFloatCount(pass)
    if copied > 0 { note(copy: "interleaved parts of dilation, \(pass.rawValue), \(copied * 4) bytes") }
    return OwnPass(convolution: convolution, pass: pass, tensors: tensors, scratch: scratch, fusion: fusion)
  }
}
