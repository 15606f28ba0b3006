import Kernels
import Tensors

/// One kind of computation in a network, described by its settings alone.
public protocol Layer: Sendable {
  /// What the layer is called in reports, such as `convolution`.
  var kind: String { get }

  /// Channels of the output.
  func outputChannels(_ inputs: [Int]) -> Int

  /// Extents of the output for one image.
  /// - Throws: `LongtailError` when the inputs do not fit together.
  func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape

  /// Whether the layer reads an input's numbers, and so contributes to its gradient.
  func readsNumbers(ofInput i: Int) -> Bool

  /// Whether an input whose numbers are not read has to be computed nevertheless: for its positions of maxima.
  func needsProducer(ofInput i: Int) -> Bool

  /// What the layer learns.
  /// - Parameter inputs: channels of the inputs.
  func parameters(_ inputs: [Int]) -> [ParameterSpecification]

  /// What the layer keeps besides: running statistics.
  func statistics(_ inputs: [Int]) -> [StatisticSpecification]

  /// How output and parameters lie in memory for one batch shape: as the fastest kernels want them. Makes no kernel.
  func layouts(_ context: LayoutContext) throws -> LayerLayouts

  /// Makes the kernels for one batch shape, in the layouts that `layouts` gave.
  func compile(_ builder: NodeBuilder) throws -> any PlannedLayer
}

extension Layer {
  /// Most layers keep the number of channels.
  public func outputChannels(_ inputs: [Int]) -> Int { inputs.first ?? 0 }
  /// Most layers read all their inputs.
  public func readsNumbers(ofInput i: Int) -> Bool { true }
  /// Most layers need what they read.
  public func needsProducer(ofInput i: Int) -> Bool { readsNumbers(ofInput: i) }
  /// Most layers learn nothing.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] { [] }
  /// Most layers leave their first input's layout as it is; their parameters are vectors.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let vectors = try parameters(context.inputChannels).map { ($0.name, try TensorLayout.plain($0.kernelExtents)) }
    return LayerLayouts(output: context.inputs[0], parameters: Dictionary(vectors) { first, _ in first })
  }
  /// Most layers keep nothing.
  public func statistics(_ inputs: [Int]) -> [StatisticSpecification] { [] }
}

/// A layer compiled for one batch shape.
public protocol PlannedLayer: AnyObject {
  /// Computes the output.
  func forward() throws
  /// Computes the gradients of parameters and inputs from that of the output.
  func backward() throws
  /// What a rank without images has to do in forward: join the sums of others.
  func forwardWithoutImages() throws
  /// The same in backward.
  func backwardWithoutImages() throws
}

extension PlannedLayer {
  /// Most layers exchange nothing.
  public func forwardWithoutImages() throws {}
  /// Most layers exchange nothing.
  public func backwardWithoutImages() throws {}
}

/// How a parameter begins.
public enum Initialization: Hashable, Sendable {
  /// Uniform in ±1/sqrt(fanIn), PyTorch's default for convolutions and their biases (Kaiming uniform with a = sqrt(5)).
  case uniformByFanIn(Int)
  /// Normal with variance 2/fanOut: Kaiming normal for ReLU, as ResNets begin.
  case normalByFanOut(Int)
  /// Normal with variance 2/fanIn: Kaiming normal for ReLU, as ResNets for CIFAR begin.
  case normalByFanIn(Int)
  /// Rows of this many numbers, uniform in ±1, then brought to length one: directions of normalized classifiers.
  case unitRows(Int)
  /// Uniform in ±bound.
  case uniform(Float)
  /// Normal with a deviation.
  case normal(Float)
  /// One value.
  case constant(Float)
}

/// A parameter that a layer has.
public struct ParameterSpecification: Hashable, Sendable {
  /// The last part of its name: `weight` or `bias`.
  public var name: String
  /// Extents in files: O,I,H,W; I,O,H,W for transposed convolutions, as PyTorch has them.
  public var shape: [Int]
  /// How it begins.
  public var initialization: Initialization
  /// Whether files hold I,O,H,W where kernels think O,I,H,W.
  public var isTransposed = false
  /// Whether training leaves it as it is: its gradient is zero, and it needs no weight decay.
  public var isFrozen = false
  /// Groups of the convolution; weights of more than one have a fifth dimension inside the engine.
  public var groups = 1

  /// Extents of the kernel, O,I,H,W, where files hold a matrix of O rows: the same numbers in the same order.
  public var matrixOf: [Int]?

  /// Extents as kernels think of them.
  var kernelExtents: [Int] {
    if let matrixOf { return matrixOf }
    guard shape.count == 4 else { return shape }
    if groups > 1 {
      return isTransposed
        ? [groups, shape[1], shape[0] / groups, shape[2], shape[3]] : [groups, shape[0] / groups, shape[1], shape[2], shape[3]]
    }
    return isTransposed ? [shape[1], shape[0], shape[2], shape[3]] : shape
  }
}

extension ParameterSpecification {
  /// A parameter whose numbers lie in the order of its shape.
  /// - Parameters:
  ///   - name: the last part of its name.
  ///   - shape: its extents, outermost first.
  ///   - initialization: how it begins.
  public init(_ name: String, shape: [Int], _ initialization: Initialization) {
    self.init(name: name, shape: shape, initialization: initialization)
  }
}

/// A statistic that a layer keeps.
public struct StatisticSpecification: Hashable, Sendable {
  /// The last part of its name: `running_mean`.
  public var name: String
  /// Number of values.
  public var count: Int
  /// Initial value.
  public var initialValue: Float
}
