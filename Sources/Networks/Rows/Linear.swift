import Kernels
import Tensors

/// y = w x + b for one row x an image: PyTorch's `Linear`, with weights O,I and biases in its names.
///
/// Cost: 2 N I O operations a pass, three passes.
public struct Linear: RowLayer {
  /// Numbers of the output.
  public var outputs: Int
  /// Whether a bias is added.
  public var hasBias: Bool
  /// How weights begin.
  public var start: Start

  /// How weights begin; the bias is uniform in ±1/sqrt(inputs) with all of them.
  public enum Start: Sendable, Hashable {
    /// Uniform in ±1/sqrt(inputs), PyTorch's default.
    case uniform
    /// Normal with variance 2/inputs.
    case normalByFanIn
  }

  /// Describes the layer.
  public init(outputs: Int, bias: Bool = true, start: Start = .uniform) {
    (self.outputs, hasBias, self.start) = (outputs, bias, start)
  }

  /// The layer's name in reports.
  public var kind: String { "linear" }

  /// The outputs.
  public func outputChannels(_ inputs: [Int]) -> Int { outputs }

  /// Weight and bias.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    let weight = ParameterSpecification(
      name: "weight", shape: [outputs, inputs[0]],
      initialization: start == .uniform ? .uniformByFanIn(inputs[0]) : .normalByFanIn(inputs[0]))
    return hasBias
      ? [weight, ParameterSpecification(name: "bias", shape: [outputs], initialization: .uniformByFanIn(inputs[0]))] : [weight]
  }

  /// Plans the products.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let weight = try builder.parameter("weight")
    let bias = hasBias ? try builder.parameter("bias") : nil
    let x = try RowTensor(builder.input(inBackward: weight.gradient != nil))
    let (y, w) = (try RowTensor(builder.output()), try RowTensor(weight.value))
    let forward = { MatrixLoops.multiply(try x.view(), transposed: try w.view(), bias: try bias?.value.region(), into: try y.view()) }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    let dy = try RowTensor(builder.gradientOfOutput())
    let dx = try builder.gradientOfInput().map(RowTensor.init)
    let dw = try weight.gradient.map(RowTensor.init)
    return PlannedLoops(forward) {
      if let dw { MatrixLoops.multiply(transposed: try dy.view(), try x.view(), into: try dw.view()) }
      if let gradient = bias?.gradient { MatrixLoops.columnSums(try dy.view(), into: try gradient.region()) }
      if let dx { MatrixLoops.multiply(try dy.view(), try w.view(), into: try dx.view()) }
    }
  }
}
