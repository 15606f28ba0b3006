import Settings
import Tensors

extension StochasticGradientDescent.Settings: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("momentum", &momentum, "what remains of the sum of gradients in a step; 0 keeps none", .between(0, below: 1))
    visitor.key("nesterov", &nesterov, "look ahead by one momentum step; needs a momentum above 0")
    visitor.key("weightDecay", &weightDecay, "pull of the parameters towards zero, added to the gradient", .atLeast(0), .finite)
  }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] {
    nesterov && momentum == 0 ? [Contradiction("nesterov", "it needs a momentum above 0; set momentum, 0.9 for example")] : []
  }
}

extension StochasticGradientDescent {
  static let entry = OptimizerRegistry.Entry(
    "sgd", summary: "stochastic gradient descent, with momentum if wanted",
    about: "Parameters move along the gradient, or along a sum of the gradients so far in which old ones fade.",
    source: "Sutskever, Martens, Dahl, Hinton, ICML 2013", settings: Settings()
  ) { settings, input in
    try StochasticGradientDescent(parameterCount: input.parameterCount, settings: settings, ranges: input.ranges)
  }
}
