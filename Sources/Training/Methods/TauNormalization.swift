import Networks
import Objectives
import Settings
import Tensors

/// Weights of the classifier divided by a power of their length: w_k / |w_k|^tau, and no bias.
///
/// The length of a class's weights grows with its frequency; tau = 0 changes nothing but the bias, tau = 1 makes all equally long. It is
/// chosen on images that are held out. Cost: one pass over the weights.
/// Source: Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, "Decoupling representation and classifier for long-tailed recognition", ICLR
/// 2020, section 4.1; arXiv:1910.09217.
struct TauNormalization: Epilogue {
  struct Settings: Section {
    var tau = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("tau", &tau, "the power of the length that weights are divided by; 0 leaves them as they are", .between(0, 10))
    }
  }

  static let entry = EpilogueRegistry.Entry(
    "tauNormalization", summary: "the classifier's weights divided by a power of their length, without bias",
    about: "Frequent classes have longer weights, which favours them; tau says how much of that is taken away.",
    source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Settings()
  ) { settings, _ in TauNormalization(tau: settings.tau) }

  let tau: Double

  func check(_ network: Network) throws { _ = try ClassifierTensors(of: network, for: "epilogue tauNormalization") }

  func apply(_ context: EpilogueContext) throws {
    let head = try ClassifierTensors(of: context.network, for: "epilogue tauNormalization")
    let weights = DenseRows(count: head.classes, width: head.features, values: try head.weights(context.network.parameters))
    try head.write(weights: HeadChanges.tauNormalized(weights, tau: Float(tau)).values, to: context.network.parameters)
    try head.write(biases: Array(repeating: 0, count: head.classes), to: context.network.parameters)
  }
}
