import Settings
import Tensors

extension Adam.Settings: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("beta1", &beta1, "what remains of the mean of the gradients in a step", .between(0, below: 1))
    visitor.key("beta2", &beta2, "what remains of the mean of their squares in a step", .between(0, below: 1))
    visitor.key("epsilon", &epsilon, "added to the root of the second mean", .above(0), .finite)
    visitor.key("weightDecay", &weightDecay, "pull of the parameters towards zero", .atLeast(0), .finite)
  }
}

extension Adam {
  static let coupledEntry = OptimizerRegistry.Entry(
    "adam", summary: "Adam; weight decay is added to the gradient",
    about: """
      Each parameter moves by the mean of its gradients over the root of the mean of their squares, so that all move at about one speed. \
      Weight decay enters the gradient and is divided with it.
      """,
    source: "Kingma, Ba, ICLR 2015, arXiv:1412.6980", settings: Settings()
  ) { try Adam($0, $1) }

  static let decoupledEntry = OptimizerRegistry.Entry(
    "adamw", summary: "Adam with decoupled weight decay",
    about: "Adam whose weight decay is taken off the parameters themselves, so that it does not depend on the size of their gradients.",
    source: "Loshchilov, Hutter, ICLR 2019, arXiv:1711.05101", settings: Settings.decoupled
  ) { try Adam($0, $1) }

  private convenience init(_ settings: Settings, _ input: OptimizerInput) throws {
    try self.init(parameterCount: input.parameterCount, settings: settings, ranges: input.ranges)
  }
}

extension Adam.Settings {
  /// The defaults of `adamw`.
  fileprivate static var decoupled: Adam.Settings {
    var settings = Adam.Settings()
    settings.decay = .decoupled
    settings.weightDecay = 0.01
    return settings
  }
}
