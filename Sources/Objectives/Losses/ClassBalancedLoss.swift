import Foundation

/// Cross-entropy weighted by the effective number of samples: v_k = (1 - b) / (1 - b^n_k), rescaled so that the weights add up to C.
///
/// The loss is the weighted mean: sum v_y (-log q) / sum v_y over the valid pixels of the global batch.
/// Settings: `beta` b, default 0.9999; `adaptation` and `homogenization` with their companions (default none).
/// Source: Cui, Jia, Lin, Song, Belongie, CVPR 2019.
package enum ClassBalancedLoss {
  static let entry = ObjectiveRegistry.Entry(
    name: "classBalanced", summary: "cross-entropy weighted by the inverse effective number of pixels"
  ) { settings, context in
    let beta = try settings.number("beta", default: 0.9999, in: 0...0.999_999_999_999)
    let counts = try context.flooredCounts(for: settings.objective)
    return try SoftmaxObjective.make(
      settings, context, term: CrossEntropy.Term(), options: .init(classWeights: weights(counts: counts, beta: beta)))
  }

  /// The weights of the classes; they add up to the number of classes.
  package static func weights(counts: [Double], beta: Double) -> [Double] {
    // 1 - b^n without cancellation; b = 0 gives equal weights.
    let raw = counts.map { beta == 0 ? 1 : (1 - beta) / -expm1($0 * log(beta)) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total * Double(counts.count) }
  }
}
