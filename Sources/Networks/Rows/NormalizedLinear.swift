import Kernels
import Tensors

/// y_k = s w_k·x / |w_k|: a linear layer without bias whose weights count by their directions alone.
///
/// With rows of length one before it, `RowNormalization(.unit)`, it is a cosine classifier. Weights are O,I and begin with length one.
/// Source: Wang and others, "NormFace", ACM Multimedia 2017. Cost: that of `Linear`, and a pass over the weights forward and backward.
public struct NormalizedLinear: RowLayer {
  /// Numbers of the output.
  public var outputs: Int
  /// The factor s, or what it begins with.
  public var scale: Double
  /// Whether s is learned: parameter `scale`, a single number.
  public var learnsScale: Bool

  /// Describes the layer.
  public init(outputs: Int, scale: Double, learnsScale: Bool = false) {
    (self.outputs, self.scale, self.learnsScale) = (outputs, scale, learnsScale)
  }

  /// The layer's name in reports.
  public var kind: String { "normalizedLinear" }

  /// The outputs.
  public func outputChannels(_ inputs: [Int]) -> Int { outputs }

  /// The weight, and the scale where it is learned.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    let weight = ParameterSpecification(name: "weight", shape: [outputs, inputs[0]], initialization: .unitRows(inputs[0]))
    return learnsScale
      ? [weight, ParameterSpecification(name: "scale", shape: [1], initialization: .constant(Float(scale)))] : [weight]
  }

  /// Plans the products.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let weight = try builder.parameter("weight")
    let scale = learnsScale ? try builder.parameter("scale") : nil
    let isTrained = weight.gradient != nil || scale?.gradient != nil
    let x = try RowTensor(builder.input(inBackward: isTrained))
    let (y, w) = (try RowTensor(builder.output()), try RowTensor(weight.value))
    // The weights that are multiplied with: directions times the scale. Backward needs them for the gradient of x.
    let directions = try RowTensor(builder.workspace(weight.value.layout))
    let fixed = Float(self.scale)
    func factor() throws -> Float { try scale.map { try $0.value.number() } ?? fixed }
    let forward = {
      RowNormalizationLoops.normalize(try w.view(), .unit, factor: try factor(), into: try directions.view())
      MatrixLoops.multiply(try x.view(), transposed: try directions.view(), bias: nil, into: try y.view())
    }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    let dy = try RowTensor(builder.gradientOfOutput())
    let dx = try builder.gradientOfInput().map(RowTensor.init)
    // The gradient of the directions comes first, and becomes that of the weights in place.
    let dw = isTrained ? try RowTensor(weight.gradient ?? builder.scratch(weight.value.layout, inBackward: true)) : nil
    let along = scale?.gradient == nil ? nil : try builder.scratch(.plain([outputs]), inBackward: true)
    return PlannedLoops(forward) {
      if let dw {
        let gradient = try dw.view()
        MatrixLoops.multiply(transposed: try dy.view(), try x.view(), into: gradient)
        RowNormalizationLoops.gradient(
          try w.view(), gradient: gradient, .unit, factor: try factor(), along: try along?.region(), into: gradient)
      }
      if let along, let gradient = scale?.gradient { try gradient.setNumber(try along.total()) }
      if let dx { MatrixLoops.multiply(try dy.view(), try directions.view(), into: try dx.view()) }
    }
  }
}

extension PlanTensor {
  /// The only number of a parameter.
  fileprivate func number() throws -> Float {
    let region = try region()
    return region.buffer.withFloats { $0[region.offset] }
  }

  fileprivate func setNumber(_ value: Float) throws {
    let region = try region()
    region.buffer.withFloats { $0[region.offset] = value }
  }

  /// The sum of all numbers, in float64.
  fileprivate func total() throws -> Float {
    let region = try region()
    return region.buffer.withFloats { floats in
      Float((0..<region.count).reduce(0.0) { $0 + Double(floats[region.offset + $1]) })
    }
  }
}
