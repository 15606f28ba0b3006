import Foundation
import Settings
import Tensors

/// Equalization loss v2 (EQLv2): binary cross-entropies whose weights balance, class by class, the gradients from its own pixels and from
/// others.
///
/// With g_k the quotient of the sums so far of |gradient| of class k over its own pixels and over all others, the weight of class k is
/// r_k = 1 / (1 + exp(-gamma (g_k - mu))) on pixels of other classes and 1 + alpha (1 - r_k) on its own; 1 in the first step.
/// Sums are of weighted gradients and over all ranks; g is that of the steps before. The `background` class keeps weight 1.
/// Divided by the valid pixels of the global batch. State: 2C sums.
///
/// Source: Tan, Lu, Zhang, Yin, Li, CVPR 2021, arXiv:2012.08548.
enum EqualizationLossV2 {
  struct Settings: Section {
    var gamma = 12.0
    var mu = 0.8
    var alpha = 4.0
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("gamma", &gamma, "how steeply weights change around mu", .between(0, 1e3))
      visitor.key("mu", &mu, "the quotient of gradients at which the weight on other classes' pixels is one half", .between(0, 1e3))
      visitor.key("alpha", &alpha, "how much more a class's own pixels can count", .between(0, 1e3))
      visitor.key("background", &background, "class whose weights stay 1", .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "eqlv2", summary: "binary cross-entropies with weights that balance each class's positive and negative gradients",
    about: "A class whose gradient comes mostly from other classes' pixels, as a rare one's does, is pushed down less and pulled up more.",
    source: "Tan, Lu, Zhang, Yin, Li, CVPR 2021, arXiv:2012.08548", settings: Settings()
  ) { settings, context in
    SigmoidObjective(
      name: "eqlv2", classes: context.classes, offsets: Array(repeating: 0, count: context.classes),
      background: try settings.background.checked(classes: context.classes, of: "eqlv2"),
      equalization: GradientEqualization(
        classes: context.classes, gamma: settings.gamma, mu: settings.mu, alpha: settings.alpha),
      homogenization: settings.homogenization.homogenization(classes: context.classes))
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
