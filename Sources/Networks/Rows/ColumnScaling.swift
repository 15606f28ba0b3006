import Kernels
import Tensors

/// y_k = f_k x_k with a learned factor for each column: learnable weight scaling, where x are the scores of a classifier, bias included.
///
/// Parameter `scales` begins with ones. Source: Kang and others, "Decoupling representation and classifier for long-tailed recognition",
/// ICLR 2020, section 4.1.
public struct ColumnScaling: RowLayer {
  /// The layer.
  public init() {}

  /// The layer's name in reports.
  public var kind: String { "columnScaling" }

  /// The factors.
  public func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    [ParameterSpecification(name: "scales", shape: [inputs[0]], initialization: .constant(1))]
  }

  /// Plans the loops.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let scales = try builder.parameter("scales")
    let x = try RowTensor(builder.input(inBackward: scales.gradient != nil))
    let y = try RowTensor(builder.output())
    let forward = { MatrixLoops.scaleColumns(try x.view(), by: try scales.value.region(), into: try y.view()) }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    let dy = try RowTensor(builder.gradientOfOutput())
    let dx = try builder.gradientOfInput().map(RowTensor.init)
    return PlannedLoops(forward) {
      if let gradient = scales.gradient { MatrixLoops.columnProducts(try x.view(), try dy.view(), into: try gradient.region()) }
      if let dx { MatrixLoops.scaleColumns(try dy.view(), by: try scales.value.region(), into: try dx.view()) }
    }
  }
}
