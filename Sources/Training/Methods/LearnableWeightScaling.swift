import Networks
import Settings
import Tensors

/// One factor for each class on the scores of a classifier that stays: z_k = f_k (w_k.x + b_k), f learned from 1 on.
///
/// Needs a network with head `scaled`, and a sampler that shows all classes alike. Weight decay acts on the factors, as published.
/// Source: Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, "Decoupling representation and classifier for long-tailed recognition", ICLR
/// 2020, section 4.1; arXiv:1910.09217.
struct LearnableWeightScaling: Method {
  struct Settings: Section {
    var statistics = FrozenFeatures.Statistics.frozen

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("statistics", &statistics, "whether batch norm stays as it is (frozen) or follows the data of the stage (drifting)")
    }
  }

  static let entry = MethodRegistry.Entry(
    "learnableWeightScaling", summary: "a learned factor for each class on scores that stay: LWS",
    about: "Directions of the classifier are kept and their lengths learned, one number a class. Needs a model with head scaled.",
    source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Settings()
  ) { settings, _ in LearnableWeightScaling(settings: settings) }

  let settings: Settings

  func graph(_ graph: Graph) -> Graph { FrozenFeatures.graph(graph, settings.statistics) }

  func trained(_ graph: Graph) throws -> [String]? {
    let layer = try graph.lastTrainedLayer(before: .logits)
    let classes = graph.channels(of: try graph.value(of: .logits))
    guard layer.parameters.count == 1, layer.parameters[0].shape.reduce(1, *) == classes else {
      throw LongtailError(
        .usage, "learnable weight scaling needs a factor for each of \(classes) classes behind the classifier, but '\(layer.name)' is none",
        advice: "Set model.settings.head to scaled, in this stage.")
    }
    return ["\(layer.name).*"]
  }

  func parts(_ setup: MethodSetup) throws -> StepParts { try PlainMethod().parts(setup) }
}
