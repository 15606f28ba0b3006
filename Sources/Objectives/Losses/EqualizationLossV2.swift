import Foundation
import Tensors

/// Equalization loss v2 (EQLv2): binary cross-entropies whose weights balance, class by class, the gradients from its own pixels and from others.
///
/// With g_k the quotient of the sums so far of |gradient| of class k over its own pixels and over all others, the weight of class k is
/// r_k = 1 / (1 + exp(-gamma (g_k - mu))) on pixels of other classes and 1 + alpha (1 - r_k) on its own; 1 in the first step.
/// Sums are of weighted gradients and over all ranks; g is that of the steps before. The `background` class keeps weight 1.
/// Divided by the valid pixels of the global batch. State: 2C sums.
///
/// Settings:
/// - `gamma`: default 12.
/// - `mu`: default 0.8.
/// - `alpha`: default 4.
/// - `background`: the index of a class, default none.
/// - `homogenization` and its companions (default none).
///
/// Source: Tan, Lu, Zhang, Yin, Li, CVPR 2021, arXiv:2012.08548.
enum EqualizationLossV2 {
  static let entry = ObjectiveRegistry.Entry(
    name: "eqlv2", summary: "binary cross-entropies with weights that balance each class's positive and negative gradients"
  ) { settings, context in
    let gamma = try settings.number("gamma", default: 12, in: 0...1e3)
    let mu = try settings.number("mu", default: 0.8, in: 0...1e3)
    let alpha = try settings.number("alpha", default: 4, in: 0...1e3)
    return SigmoidObjective(
      name: settings.objective, classes: context.classes, offsets: Array(repeating: 0, count: context.classes),
      background: try settings.background(classes: context.classes),
      equalization: GradientEqualization(classes: context.classes, gamma: gamma, mu: mu, alpha: alpha),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }
}

/// The memory of EQLv2, and the weights that follow from it.
struct GradientEqualization {
  let gamma: Double
  let mu: Double
  let alpha: Double
  /// Sums of |gradient| of each class over its own pixels.
  var positive: [Double]
  /// Sums of |gradient| of each class over all other pixels, background among them.
  var negative: [Double]

  init(classes: Int, gamma: Double, mu: Double, alpha: Double) {
    self.gamma = gamma
    self.mu = mu
    self.alpha = alpha
    positive = Array(repeating: 0, count: classes)
    negative = Array(repeating: 0, count: classes)
  }

  func weights(background: Int?) -> (positive: [Double], negative: [Double]) {
    var result = (positive: positive.map { _ in 1.0 }, negative: negative.map { _ in 1.0 })
    // Nothing is known before the first labelled pixel.
    if positive.allSatisfy({ $0 == 0 }) && negative.allSatisfy({ $0 == 0 }) { return result }
    for k in positive.indices where k != background {
      let quotient = positive[k] / (negative[k] + 1e-10)
      let weight = 1 / (1 + exp(-gamma * (quotient - mu)))
      result.negative[k] = weight
      result.positive[k] = 1 + alpha * (1 - weight)
    }
    return result
  }

  mutating func add(_ sums: ArraySlice<Double>) {
    for k in positive.indices {
      positive[k] += sums[sums.startIndex + k]
      negative[k] += sums[sums.startIndex + positive.count + k]
    }
  }

  mutating func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    try visit(RunningStateRow("eqlv2.positiveGradients"), &positive)
    try visit(RunningStateRow("eqlv2.negativeGradients"), &negative)
  }
}
