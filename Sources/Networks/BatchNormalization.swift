import Kernels
import Tensors

/// Batch normalization over N, H and W, with an optional ReLU behind it.
///
/// y = scale (x - mean) / sqrt(variance + epsilon) + shift. In training mean and variance are those of the batch: of the global batch where
/// the plan synchronizes, of the rank's own images elsewhere. The running statistics follow with `momentum`; the running variance is the
/// unbiased one, as in PyTorch.
/// Where one layer alone reads y and can scale what it reads, y is left to it (`DeferredNormalization`).
/// Cost: forward reads x twice and writes y, or reads x once where y is left to its reader; backward reads x and dy twice and writes dx; one sum of 2 C + 1 and one of 2 C numbers over ranks.
public struct BatchNormalization: Layer {
  /// Weight of the batch in the running statistics.
  public var momentum: Double
  /// Added to the variance.
  public var epsilon: Double
  /// Whether max(0, y) follows.
  public var rectified: Bool
  /// Whether statistics, scale and shift stay as they were loaded, as torchvision's `FrozenBatchNorm2d`: training then computes as inference
  /// does, and exchanges nothing.
  public var isFrozen = false

  /// PyTorch's defaults.
  public init(rectified: Bool, momentum: Double = 0.1, epsilon: Double = 1e-5) {
    self.rectified = rectified
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// The layer's name in reports.
  public var kind: String { "batchNormalization" }

  /// The input's shape.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape { inputs[0] }

  /// Scale and shift, called weight and bias as in torchvision.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    [
      ParameterSpecification(name: "weight", shape: [inputs[0]], initialization: .constant(1), isFrozen: isFrozen),
      ParameterSpecification(name: "bias", shape: [inputs[0]], initialization: .constant(0), isFrozen: isFrozen),
    ]
  }

  /// Running mean and variance.
  public func statistics(_ inputs: [Int]) -> [StatisticSpecification] {
    [
      StatisticSpecification(name: "running_mean", count: inputs[0], initialValue: 0),
      StatisticSpecification(name: "running_var", count: inputs[0], initialValue: 1),
    ]
  }

  /// Makes the loops' geometry and claims memory.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let input = try builder.input(inBackward: true)
    let output = try builder.output()
    let (scale, shift) = (try builder.parameter("weight"), try builder.parameter("bias"))
    try builder.shareGradientWithInput()
    let normalization = DeferredNormalization(
      source: input, scaling: ChannelScaling(channels: try input.layout.channelBlocks().channels, rectified: rectified))
    builder.offer(normalization)
    let planned = PlannedBatchNormalization(
      layer: self, normalization: normalization, geometry: try .init(try input.layout.channelBlocks()), input: input, output: output,
      scale: scale, shift: shift, statistics: try builder.statisticRegions(),
      gradientOfOutput: builder.runsBackward ? try builder.gradientOfOutput() : nil,
      gradientOfInput: builder.runsBackward ? try builder.gradientOfInput() : nil,
      takesStatistics: builder.usesBatchStatistics && !isFrozen,
      synchronize: builder.options.synchronize)
    if builder.runsBackward { builder.offerRecipe { [unowned planned] in try planned.normalize(into: $0) } }
    return planned
  }
}

final class PlannedBatchNormalization: PlannedLayer {
  private let layer: BatchNormalization
  private let normalization: DeferredNormalization
  private let geometry: BatchNormalizationLoops.Geometry
  private let input: PlanTensor
  private let output: PlanTensor
  private let scale: BoundParameter
  private let shift: BoundParameter
  private let running: BoundStatistics
  private let gradientOfOutput: PlanTensor?
  private let gradientOfInput: PlanTensor?
  private let synchronize: ((UnsafeMutableBufferPointer<Double>) throws -> Void)?
  private let channels: Int
  private let takesStatistics: Bool

  // Per-channel vectors, allocated once.
  private let partials: UnsafeMutableBufferPointer<Double>
  private let sums: UnsafeMutableBufferPointer<Double>
  private let vectors: UnsafeMutableBufferPointer<Float>
  private var count = 0.0

  init(
    layer: BatchNormalization, normalization: DeferredNormalization, geometry: BatchNormalizationLoops.Geometry, input: PlanTensor,
    output: PlanTensor, scale: BoundParameter, shift: BoundParameter, statistics: BoundStatistics, gradientOfOutput: PlanTensor?,
    gradientOfInput: PlanTensor?,
    takesStatistics: Bool,
    synchronize: ((UnsafeMutableBufferPointer<Double>) throws -> Void)?
  ) {
    self.layer = layer
    self.normalization = normalization
    self.geometry = geometry
    self.input = input
    self.output = output
    self.scale = scale
    self.shift = shift
    running = statistics
    self.gradientOfOutput = gradientOfOutput
    self.gradientOfInput = gradientOfInput
    self.takesStatistics = takesStatistics
    self.synchronize = synchronize
    channels = geometry.view.channels
    partials = .allocate(capacity: max(1, geometry.partialCount))
    sums = .allocate(capacity: 2 * channels + 1)
    vectors = .allocate(capacity: 4 * channels)
    partials.initialize(repeating: 0)
    sums.initialize(repeating: 0)
    vectors.initialize(repeating: 0)
  }

  deinit {
    partials.deallocate()
    sums.deallocate()
    vectors.deallocate()
  }

  private enum Row: Int { case mean, inverse, meanGradient, meanProduct }
  private func row(_ row: Row) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: vectors[row.rawValue * channels..<(row.rawValue + 1) * channels])
  }

  func forward() throws {
    if takesStatistics {
      try running.withMean { mean in
        BatchNormalizationLoops.statistics(
          of: try input.region(), geometry, shift: UnsafeBufferPointer(mean), partials: partials, into: sums)
      }
      sums[2 * channels] = Double(geometry.view.images * geometry.view.positions)
      try takeStatistics()
    } else {
      try running.withMean { mean in for c in 0..<channels { row(.mean)[c] = mean[c] } }
      try running.withVariance { variance in
        for c in 0..<channels { row(.inverse)[c] = Float(1 / (Double(variance[c]) + layer.epsilon).squareRoot()) }
      }
    }
    let (factor, offset) = (normalization.scaling.factor, normalization.scaling.offset)
    let (mean, inverse) = (row(.mean), row(.inverse))
    try scale.value.withFloats { scale in
      try shift.value.withFloats { shift in
        for c in 0..<channels {
          factor[c] = scale[c] * inverse[c]
          offset[c] = shift[c] - mean[c] * factor[c]
        }
      }
    }
    if !normalization.isTaken { try normalize(into: output) }
  }

  /// Computes an output that is otherwise left to its reader, to look at it.
  func showOutput() throws {
    if normalization.isTaken { try normalize(into: output) }
  }

  /// The output from the input and this batch's statistics, as the forward pass or once more.
  func normalize(into target: PlanTensor) throws {
    BatchNormalizationLoops.normalize(
      try input.region(), geometry, factor: UnsafeBufferPointer(normalization.scaling.factor),
      offset: UnsafeBufferPointer(normalization.scaling.offset),
      rectified: layer.rectified, into: try target.region())
  }

  func forwardWithoutImages() throws {
    guard synchronize != nil, takesStatistics else { return }
    sums.update(repeating: 0)
    try takeStatistics()
  }

  /// Sums over ranks, then mean, variance and running statistics: the same on all ranks.
  private func takeStatistics() throws {
    try synchronize?(sums)
    count = sums[2 * channels]
    guard count > 0 else { return }
    try running.withMean { runningMean in
      try running.withVariance { runningVariance in
        for c in 0..<channels {
          let shifted = sums[c] / count
          let variance = max(0, sums[channels + c] / count - shifted * shifted)
          let mean = Double(runningMean[c]) + shifted
          row(.mean)[c] = Float(mean)
          row(.inverse)[c] = Float(1 / (variance + layer.epsilon).squareRoot())
          // One number has no variance: taken in, it would draw the running one to zero.
          guard count > 1 else { continue }
          let unbiased = variance * count / (count - 1)
          runningMean[c] = Float((1 - layer.momentum) * Double(runningMean[c]) + layer.momentum * mean)
          runningVariance[c] = Float((1 - layer.momentum) * Double(runningVariance[c]) + layer.momentum * unbiased)
        }
      }
    }
  }

  func backward() throws {
    guard let gradientOfOutput else { return }
    let (x, dy) = (try input.region(), try gradientOfOutput.region())
    let (mean, inverse) = (UnsafeBufferPointer(row(.mean)), UnsafeBufferPointer(row(.inverse)))
    let (factor, offset) = (UnsafeBufferPointer(normalization.scaling.factor), UnsafeBufferPointer(normalization.scaling.offset))
    if layer.isFrozen {
      guard let gradientOfInput else { return }
      // Both means are zero: nothing of the statistics depends on x.
      BatchNormalizationLoops.gradient(
        x: x, gradient: dy, geometry, mean: mean, inverse: inverse, factor: factor, offset: offset, rectified: layer.rectified,
        meanGradient: UnsafeBufferPointer(row(.meanGradient)), meanProduct: UnsafeBufferPointer(row(.meanProduct)),
        into: try gradientOfInput.region())
      return
    }
    BatchNormalizationLoops.gradientSums(
      x: x, gradient: dy, geometry, mean: mean, inverse: inverse, factor: factor, offset: offset, rectified: layer.rectified,
      partials: partials, into: sums)
    try shift.gradient?.withFloats { gradient in for c in 0..<channels { gradient[c] = Float(sums[c]) } }
    try scale.gradient?.withFloats { gradient in for c in 0..<channels { gradient[c] = Float(sums[channels + c]) } }
    try synchronize?(UnsafeMutableBufferPointer(rebasing: sums[..<(2 * channels)]))
    guard let gradientOfInput, count > 0 else { return }
    for c in 0..<channels {
      row(.meanGradient)[c] = Float(sums[c] / count)
      row(.meanProduct)[c] = Float(sums[channels + c] / count)
    }
    BatchNormalizationLoops.gradient(
      x: x, gradient: dy, geometry, mean: mean, inverse: inverse, factor: factor, offset: offset, rectified: layer.rectified,
      meanGradient: UnsafeBufferPointer(row(.meanGradient)), meanProduct: UnsafeBufferPointer(row(.meanProduct)),
      into: try gradientOfInput.region())
  }

  func backwardWithoutImages() throws {
    guard let synchronize, takesStatistics else { return }
    sums.update(repeating: 0)
    try synchronize(UnsafeMutableBufferPointer(rebasing: sums[..<(2 * channels)]))
  }
}

extension PlanTensor {
  /// Calls `body` with the floats; the pointer is not valid outside.
  func withFloats<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) throws -> Result {
    let region = try region()
    let range = region.offset..<(region.offset + region.count)
    return try region.buffer.withFloats { try body(UnsafeMutableBufferPointer(rebasing: $0[range])) }
  }
}

/// Where a batch norm layer's running statistics lie, in the set of parameters that is bound to the plan.
final class BoundStatistics {
  private let mean: Range<Int>
  private let variance: Range<Int>
  private var buffer: HostBuffer?

  init(mean: Range<Int>, variance: Range<Int>) {
    self.mean = mean
    self.variance = variance
  }

  /// Takes those of another set.
  func bind(_ buffer: HostBuffer) { self.buffer = buffer }

  func withMean<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) throws -> Result { try with(mean, body) }
  func withVariance<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) throws -> Result { try with(variance, body) }

  private func with<Result>(_ range: Range<Int>, _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) throws -> Result {
    guard let buffer else { throw LongtailError(.internalError, "running statistics are used before a set of parameters is bound") }
    return try buffer.withFloats { try body(UnsafeMutableBufferPointer(rebasing: $0[range])) }
  }
}
