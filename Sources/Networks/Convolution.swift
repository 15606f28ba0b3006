import Kernels
import Tensors

/// Two-dimensional convolution, with padding, stride, dilation, groups and an optional bias.
///
/// Weights are O,I/groups,H,W in files. Cost: 2 N O I/groups Kh Kw Ho Wo operations a pass, three passes.
public struct Convolution: Layer {
  /// Channels of the output.
  public var filters: Int
  /// Kernel, stride, padding, dilation, groups.
  package var geometry: ConvolutionGeometry
  /// Whether a bias is added.
  public var hasBias: Bool
  /// How the weights begin.
  public var start: Start
  /// Whether files hold the weights as a matrix, as PyTorch's linear layers do: this one covers all positions of its input, and is computed as
  /// a product of matrices where the library has kernels for that.
  public var isLinear = false

  /// How weights begin.
  public enum Start: Sendable, Hashable {
    /// Uniform by the fan-in, PyTorch's default.
    case uniform
    /// Normal by the fan-out, as torchvision's ResNets.
    case normal
    /// Normal by the fan-in, as ResNets for CIFAR.
    case normalByFanIn
    /// Uniform in ±sqrt(3 / fan-in), the bias 0, as torchvision's pyramids.
    case pyramid
    /// Normal with a deviation, the bias a constant, as heads of detectors.
    case head(deviation: Float, bias: Float)
  }

  /// Describes the layer.
  public init(
    filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    start: Start = .uniform
  ) {
    self.start = start
    self.filters = filters
    geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups)
    hasBias = bias
  }

  /// The layer's name in reports.
  public var kind: String { "convolution" }

  /// The number of filters.
  public func outputChannels(_ inputs: [Int]) -> Int { filters }

  /// The shape that the geometry gives.
  /// - Throws: `LongtailError` when the kernel is larger than the padded input or channels do not divide by groups.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    let input = inputs[0]
    let shape = FeatureShape(
      channels: filters, height: geometry.outputExtent(input.height, dimension: 0), width: geometry.outputExtent(input.width, dimension: 1))
    guard shape.height > 0, shape.width > 0 else {
      throw LongtailError(.usage, "an input of \(input.width)x\(input.height) is smaller than the kernel", advice: "Use larger images.")
    }
    guard input.channels % geometry.groups == 0, filters % geometry.groups == 0 else {
      throw LongtailError(.usage, "\(input.channels) channels and \(filters) filters do not divide into \(geometry.groups) groups")
    }
    return shape
  }

  /// Weight and bias.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    let channels = inputs[0] / geometry.groups
    let fanIn = channels * geometry.kernel[0] * geometry.kernel[1]
    let fanOut = filters * geometry.kernel[0] * geometry.kernel[1]
    let (weights, biases): (Initialization, Initialization) =
      switch start {
      case .uniform: (.uniformByFanIn(fanIn), .uniformByFanIn(fanIn))
      case .normal: (.normalByFanOut(fanOut), .uniformByFanIn(fanIn))
      case .normalByFanIn: (.normalByFanIn(fanIn), .uniformByFanIn(fanIn))
      case .pyramid: (.uniform((3 / Float(max(1, fanIn))).squareRoot()), .constant(0))
      case .head(let deviation, let bias): (.normal(deviation), .constant(bias))
      }
    var weight = ParameterSpecification(
      name: "weight", shape: [filters, channels] + geometry.kernel, initialization: weights, groups: geometry.groups)
    if isLinear { (weight.shape, weight.matrixOf) = ([filters, fanIn], weight.shape) }
    return hasBias ? [weight, ParameterSpecification(name: "bias", shape: [filters], initialization: biases)] : [weight]
  }

  /// What the direct algorithm prefers; weights of groups that are put together lie as files have them.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let extents = parameters(context.inputChannels)[0].kernelExtents
    let outputExtents = context.outputShape.extents(images: context.images)
    if isProduct(of: context.inputs[0], weightExtents: extents, outputExtents: outputExtents) {
      let output = try context.blockedLikeInput()
      let made = try ConvolutionCandidates(geometry: geometry, isProduct: true).forward(
        .direct, training: context.keepsForBackward, context.inputs[0], .any(extents), hasBias ? .plain([filters]) : nil, output)
      var parameters = ["weight": try made.weightsLayout()]
      if hasBias { parameters["bias"] = try .plain([filters]) }
      return LayerLayouts(output: output, parameters: parameters)
    }
    guard let packing = try packing(inputChannels: context.inputChannels[0], source: context.inputs[0]) else {
      return try context.layouts(weightExtents: extents, hasBias: hasBias, candidates)
    }
    var made = try context.layouts(
      weightExtents: packing.extents, hasBias: hasBias, ConvolutionCandidates(geometry: geometry, packing: packing))
    made.parameters["weight"] = try .plain(extents)
    return made
  }

  /// Chooses algorithms and makes the kernels of the three passes.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let source = try builder.input().layout
    let packing = try packing(inputChannels: builder.inputChannels[0], source: source)
    let extents = parameters(builder.inputChannels)[0].kernelExtents
    let isProduct = isProduct(
      of: source, weightExtents: extents, outputExtents: builder.outputShape.extents(images: builder.images))
    return try PlannedConvolution(
      builder, weightExtents: packing?.extents ?? extents, hasBias: hasBias,
      candidates: ConvolutionCandidates(geometry: geometry, packing: packing, isProduct: isProduct), packing: packing)
  }

  /// Whether the layer is computed as a product of matrices: its kernel covers an input that lies in whole channel blocks, and the library has
  /// more than its reference loops for that.
  private func isProduct(of source: TensorLayout, weightExtents: [Int], outputExtents: [Int]) -> Bool {
    guard isLinear, geometry == ConvolutionGeometry(kernel: geometry.kernel[0]), source.extents.count == 4,
      Array(source.extents[2...]) == geometry.kernel, let block = source.channelBlock, source.extents[1] % block == 0,
      let made = try? ProductKernels.forward(
        training: true, source: source, weights: .any(weightExtents), bias: hasBias ? .plain([filters]) : nil,
        destination: .blocked(outputExtents, block: block))
    else { return false }
    return !made.isReference
  }

  /// Which groups are put together, where the library has no kernel for as few channels as a group has.
  private func packing(inputChannels: Int, source: TensorLayout) throws -> PackedGroups? {
    guard geometry.groups > 1 else { return nil }
    return PackedGroups(
      geometry, inputChannels: inputChannels, outputChannels: filters, block: try source.channelBlocks().block)
  }
}

/// The requests for one convolution, by algorithm.
struct ConvolutionCandidates: ConvolutionRequests {
  let geometry: ConvolutionGeometry
  /// Groups that the library sees put together; nil where it sees them as they are.
  var packing: PackedGroups?
  /// Whether the kernel covers the input, and the library is asked for products of matrices.
  var isProduct = false

  let isTransposed = false

  private var requested: ConvolutionGeometry { packing?.geometry(geometry) ?? geometry }

  private var isWinogradShape: Bool {
    geometry.kernel == [3, 3] && geometry.strides == [1, 1] && geometry.dilation == [1, 1] && geometry.groups == 1
  }

  var algorithms: [ConvolutionAlgorithm] {
    isWinogradShape && !isProduct ? [.direct, .winograd] : [.direct]
  }

  /// Square kernels of stride 1 that keep the extents, without groups.
  private var keepsExtents: Bool {
    let (k, d) = (geometry.kernel[0], geometry.dilation[0])
    return geometry
      == ConvolutionGeometry(kernel: k, padding: k / 2 * d, dilation: d)
  }

  /// Winograd tiles for 3x3 kernels, dilated or not; products by taps for dilated ones and for 1x1.
  func ownConvolutions(_ layouts: ConvolutionLayouts) throws -> [any OwnConvolution] {
    let (kernel, dilation) = (geometry.kernel[0], geometry.dilation[0])
    guard keepsExtents, kernel == 3 || kernel == 1, !isProduct, layouts.bias == nil, layouts.weights.extents.count == 4,
      try layouts.weights.isSame(as: .blockedWeights(layouts.weights.extents))
    else { return [] }
    let (from, to) = try (layouts.source.channelBlocks(), layouts.destination.channelBlocks())
    guard from.block == to.block else { return [] }
    var found: [(any OwnConvolution)?] = []
    if kernel == 3, dilation == 1 {
      found.append(
        WinogradConvolution(
          images: from.images, inputChannels: from.channels, outputChannels: to.channels, height: from.height, width: from.width,
          block: from.block))
    } else {
      if kernel == 3 {
        found.append(
          PhasedWinogradConvolution(
            images: from.images, inputChannels: from.channels, outputChannels: to.channels, height: from.height, width: from.width,
            dilation: dilation, block: from.block))
      }
      found.append(
        TapConvolution(
          images: from.images, inputChannels: from.channels, outputChannels: to.channels, height: from.height, width: from.width,
          kernel: kernel, dilation: dilation, block: from.block))
    }
    return found.compactMap { $0 }
  }

  func smallMapWeights(_ layouts: ConvolutionLayouts) throws -> (any OwnConvolution)? {
    guard packing == nil, !isProduct, layouts.weights.extents.count == 4,
      try layouts.weights.isSame(as: .blockedWeights(layouts.weights.extents))
    else { return nil }
    let (from, to) = try (layouts.source.channelBlocks(), layouts.destination.channelBlocks())
    guard from.block == to.block else { return nil }
    return SmallMapWeightsPass(
      images: from.images, inputChannels: from.channels, outputChannels: to.channels, extents: [from.height, from.width],
      geometry: geometry, block: from.block)
  }

  /// Channel blocks of 8, where loops of our own compute what the library cannot in any layout that it would choose.
  func ownLayouts(source: TensorLayout, weightExtents: [Int], outputExtents: [Int]) throws -> (
    weights: TensorLayout, destination: TensorLayout
  )? {
    guard keepsExtents, geometry.kernel[0] == 3 || geometry.kernel[0] == 1, weightExtents.count == 4, try source.channelBlocks().block == 8
    else { return nil }
    return (try .blockedWeights(weightExtents), try .blocked(outputExtents, block: 8))
  }

  func forward(_ a: ConvolutionAlgorithm, training: Bool, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  {
    if isProduct { return try ProductKernels.forward(training: training, source: s, weights: w, bias: b, destination: d) }
    // For inference alone the library's Winograd kernels want weights transformed beforehand, from a layout that no plan keeps.
    return try ConvolutionKernels.forward(
      requested, algorithm: a, training: training || a == .winograd, source: s, weights: w, bias: b, destination: d)
  }

  func backwardData(_ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  {
    if isProduct { return try ProductKernels.backwardData(hint: hint, source: s, weights: w, destination: d) }
    return try ConvolutionKernels.backwardData(requested, algorithm: a, hint: hint, source: s, weights: w, destination: d)
  }

  func backwardWeights(
    _ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout
  ) throws -> PrimitiveDescriptor {
    if isProduct { return try ProductKernels.backwardWeights(hint: hint, source: s, weights: w, bias: b, destination: d) }
    return try ConvolutionKernels.backwardWeights(requested, algorithm: a, hint: hint, source: s, weights: w, bias: b, destination: d)
  }
}

/// What a layer of the convolution family can ask the library and our own loops for.
protocol ConvolutionRequests {
  var geometry: ConvolutionGeometry { get }
  var isTransposed: Bool { get }
  /// The library's algorithms.
  var algorithms: [ConvolutionAlgorithm] { get }
  /// Loops of our own that compute the same thing in these layouts.
  func ownConvolutions(_ layouts: ConvolutionLayouts) throws -> [any OwnConvolution]
  /// Loops of our own for the pass by weights alone, where the library has but reference loops for it; nil where there are none.
  func smallMapWeights(_ layouts: ConvolutionLayouts) throws -> (any OwnConvolution)?
  /// The layouts in which loops of our own compute what the library has but reference loops for; nil where there are none.
  func ownLayouts(source: TensorLayout, weightExtents: [Int], outputExtents: [Int]) throws -> (
    weights: TensorLayout, destination: TensorLayout
  )?
  func forward(_ a: ConvolutionAlgorithm, training: Bool, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  func backwardData(_ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ d: TensorLayout)
    throws -> PrimitiveDescriptor
  func backwardWeights(
    _ a: ConvolutionAlgorithm, _ hint: PrimitiveDescriptor, _ s: TensorLayout, _ w: TensorLayout, _ b: TensorLayout?, _ d: TensorLayout
  ) throws -> PrimitiveDescriptor
}

extension ConvolutionRequests {
  func smallMapWeights(_ layouts: ConvolutionLayouts) throws -> (any OwnConvolution)? { nil }
}
