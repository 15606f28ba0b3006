import Networks
import Tensors

/// Puts the classifier that method `breadcrumb` has trained on balanced features in place of the network's own.
struct BalancedHeadEpilogue: Epilogue {
  static let entry = EpilogueRegistry.Entry(
    "balancedHead", summary: "the second classifier of method breadcrumb in place of the first",
    about: "The first one has shaped the features; the second one has learned from all classes alike and makes the predictions.",
    source: "Liu, Li, Kang, Hua, Vasconcelos, ECCV 2022, arXiv:2105.00127"
  ) { _, _ in BalancedHeadEpilogue() }

  func check(_ network: Network) throws { _ = try ClassifierTensors(of: network, for: "epilogue balancedHead") }

  func apply(_ context: EpilogueContext) throws {
    let head = try ClassifierTensors(of: context.network, for: "epilogue balancedHead")
    func numbers(_ name: String) throws -> [Float] {
      guard let values = try context.state.leaves.first(where: { $0.path == "\(BalancedHead.stateName).head.\(name)" })?.values().floats
      else {
        throw LongtailError(
          .usage, "epilogue balancedHead finds no second classifier in this run", advice: "It belongs to method breadcrumb.")
      }
      return values
    }
    try head.write(weights: numbers("weight"), to: context.network.parameters)
    try head.write(biases: numbers("bias"), to: context.network.parameters)
  }
}
