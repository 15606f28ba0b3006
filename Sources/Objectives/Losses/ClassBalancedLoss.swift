import Foundation
import Settings

/// Cross-entropy weighted by the effective number of samples: v_k = (1 - b) / (1 - b^n_k), rescaled so that the weights add up to C.
///
/// The loss is the weighted mean: sum v_y (-log q) / sum v_y over the valid pixels of the global batch.
/// Source: Cui, Jia, Lin, Song, Belongie, CVPR 2019.
package enum ClassBalancedLoss {
  struct Settings: Section {
    var beta = 0.9999
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("beta", &beta, "b; the effective number of pixels of a class is (1 - b^n) / (1 - b)", .between(0, 0.999_999_999_999))
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "classBalanced", summary: "cross-entropy weighted by the inverse effective number of pixels",
    about:
      "Classes weigh the inverse of their effective number of pixels, which stops growing at 1 / (1 - b): beyond that all count the same.",
    source: "Cui, Jia, Lin, Song, Belongie, CVPR 2019, arXiv:1901.05555", settings: Settings()
  ) { settings, context in
    let counts = try context.flooredCounts(for: "classBalanced")
    return try SoftmaxObjective.make(
      "classBalanced", settings.softmax, context, term: CrossEntropy.Term(),
      options: .init(classWeights: weights(counts: counts, beta: settings.beta)))
  }

  /// The weights of the classes; they add up to the number of classes.
  package static func weights(counts: [Double], beta: Double) -> [Double] {
    // 1 - b^n without cancellation; b = 0 gives equal weights.
    let raw = counts.map { beta == 0 ? 1 : (1 - beta) / -expm1($0 * log(beta)) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total * Double(counts.count) }
  }
}
