import Kernels
import Tensors

/// Two-dimensional transposed convolution: the layer that enlarges, kernel and stride 2 in U-Net.
///
/// Weights are I,O,H,W in files, as PyTorch keeps them. Cost: 2 N I O Kh Kw Hi Wi operations a pass.
public struct TransposedConvolution: Layer {
  /// Channels of the output.
  public var filters: Int
  /// Kernel, stride and padding.
  package var geometry: ConvolutionGeometry
  /// Whether a bias is added.
  public var hasBias: Bool

  /// Describes the layer.
  public init(filters: Int, kernel: Int, stride: Int, padding: Int = 0, bias: Bool = true) {
    self.filters = filters
    geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: padding)
    hasBias = bias
  }

  /// The layer's name in reports.
  public var kind: String { "transposedConvolution" }

  /// The number of filters.
  public func outputChannels(_ inputs: [Int]) -> Int { filters }

  /// The shape that the geometry gives.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    func extent(_ input: Int, _ d: Int) -> Int {
      (input - 1) * geometry.strides[d] - 2 * geometry.padding[d] + geometry.dilation[d] * (geometry.kernel[d] - 1) + 1
    }
    return FeatureShape(channels: filters, height: extent(inputs[0].height, 0), width: extent(inputs[0].width, 1))
  }

  /// Weight and bias. PyTorch takes the fan-in from the second extent, which is the number of outputs here.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    let fanIn = filters * geometry.kernel[0] * geometry.kernel[1]
    var weight = ParameterSpecification(
      name: "weight", shape: [inputs[0], filters] + geometry.kernel, initialization: .uniformByFanIn(fanIn))
    weight.isTransposed = true
    return hasBias ? [weight, ParameterSpecification(name: "bias", shape: [filters], initialization: .uniformByFanIn(fanIn))] : [weight]
  }

  /// What the direct algorithm prefers.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    try context.layouts(weightExtents: parameters(context.inputChannels)[0].kernelExtents, hasBias: hasBias, candidates)
  }

  /// Makes the kernels of the three passes.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    try PlannedConvolution(
      builder, weightExtents: parameters(builder.inputChannels)[0].kernelExtents, hasBias: hasBias,
      candidates: TransposedConvolutionCandidates(geometry: geometry))
  }
}

/// The requests for one transposed convolution.
struct TransposedConvolutionCandidates: ConvolutionRequests {
  let geometry: ConvolutionGeometry
  let algorithms = [ConvolutionAlgorithm.direct]
  let isTransposed = true

  /// Products of matrices, where the kernel is 2x2 and as wide as its steps.
  func ownConvolutions(_ layouts: ConvolutionLayouts) throws -> [any OwnConvolution] {
    guard geometry == ConvolutionGeometry(kernel: 2, stride: 2), layouts.weights.extents.count == 4,
      try layouts.weights.isSame(as: .blockedTransposedWeights(layouts.weights.extents))
    else { return [] }
    let (from, to) = try (layouts.source.channelBlocks(), layouts.destination.channelBlocks())
    guard from.block == to.block else { return [] }
    let made = NonoverlappingTransposedConvolution(
      images: from.images, inputChannels: from.channels, outputChannels: to.channels, height: from.height, width: from.width,
      block: from.block)
    return made.map { [$0] } ?? []
  }

  /// The library always has loops for it.
  func ownLayouts(source: TensorLayout, weightExtents: [Int], outputExtents: [Int]) throws -> (
    weights: TensorLayout, destination: TensorLayout
  )? { nil }

  func forward(_ a: ConvolutionAlgorithm, training: Bool, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  {
    try TransposedConvolutionKernels.forward(geometry, training: training, source: s, weights: w, bias: b, destination: d)
  }

  func backwardData(_ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  {
    try TransposedConvolutionKernels.backwardData(geometry, hint: hint, source: s, weights: w, destination: d)
  }

  func backwardWeights(
    _ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout
  ) throws -> PrimitiveDescriptor {
    try TransposedConvolutionKernels.backwardWeights(geometry, hint: hint, source: s, weights: w, bias: b, destination: d)
  }
}
