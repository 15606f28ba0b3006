import Kernels
import Tensors

/// Brings each row to length one, or to a length below one: what cosine classifiers, contrast and squashed classifiers read.
///
/// Sources: Wang and others, "NormFace", ACM Multimedia 2017 (unit); Liu and others, "Large-scale long-tailed recognition in an open world",
/// CVPR 2019 (squashed).
public struct RowNormalization: RowLayer {
  /// What a row is mapped to.
  public var rule: RowNormalizationLoops.Rule

  /// Describes the layer.
  public init(_ rule: RowNormalizationLoops.Rule) { self.rule = rule }

  /// The layer's name in reports.
  public var kind: String { "rowNormalization" }

  /// Plans the loops.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let rule = rule
    let x = try RowTensor(builder.input(inBackward: true))
    let y = try RowTensor(builder.output())
    let forward = { RowNormalizationLoops.normalize(try x.view(), rule, into: try y.view()) }
    guard builder.runsBackward, let gradient = try builder.gradientOfInput() else { return PlannedLoops(forward) }
    let (dx, dy) = (try RowTensor(gradient), try RowTensor(builder.gradientOfOutput()))
    return PlannedLoops(forward) {
      RowNormalizationLoops.gradient(try x.view(), gradient: try dy.view(), rule, into: try dx.view())
    }
  }
}
