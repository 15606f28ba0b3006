import Foundation

/// Changes of a linear head's weights that need no training.
package enum HeadChanges {
  /// Weights divided by the tau-th power of their length (Kang et al., ICLR 2020): 0 changes nothing, 1 makes all classes' weights equally
  /// long. The bias is dropped by whoever uses them.
  /// - Parameter weights: C x d, one row a class.
  package static func tauNormalized(_ weights: DenseRows, tau: Float) -> DenseRows {
    weights.scaled(by: weights.norms.map { pow(max($0, DenseRows.leastNorm), -tau) })
  }

  /// The greatest length that weights may have in a stage with MaxNorm (Alshammari et al., CVPR 2022): a share of the way from the least to
  /// the greatest length at its beginning.
  package static func maximumNorm(_ weights: DenseRows, share: Float) -> Float {
    let norms = weights.norms
    let (least, most) = (norms.min() ?? 0, norms.max() ?? 0)
    return least + share * (most - least)
  }

  /// Weights no longer than a radius: longer rows are shortened to it.
  package static func projected(_ weights: DenseRows, radius: Float) -> DenseRows {
    weights.scaled(by: weights.norms.map { $0 > radius ? radius / $0 : 1 })
  }

  /// Logits with a learned scale for each class (learnable weight scaling, Kang et al., ICLR 2020), f_k z_k; the bias is scaled too.
  package static func scaled(_ logits: DenseRows, by scales: [Float]) -> DenseRows {
    var result = logits
    for row in 0..<logits.count { for k in 0..<logits.width { result[row, k] *= scales[k] } }
    return result
  }

  /// The gradient of the scales: sum over rows of g_k z_k, with g the gradient at the scaled logits.
  package static func scaleGradient(_ gradient: DenseRows, logits: DenseRows) -> [Float] {
    var result = [Float](repeating: 0, count: logits.width)
    for row in 0..<logits.count { for k in 0..<logits.width { result[k] += gradient[row, k] * logits[row, k] } }
    return result
  }
}
