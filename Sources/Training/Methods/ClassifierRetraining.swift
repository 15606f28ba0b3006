import Networks
import Settings
import Tensors

/// A new classifier on features that stay: the second stage of decoupled training.
///
/// With objective `crossEntropy` and sampler `classAware` this is cRT; with `balancedSoftmax` and the data's own frequencies it is
/// decoupled Balanced Softmax. The classifier begins anew, whatever the stage before has made of it.
/// Sources: Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, "Decoupling representation and classifier for long-tailed recognition", ICLR
/// 2020, section 4.1, arXiv:1910.09217; Ren et al., NeurIPS 2020, arXiv:2007.10740.
struct ClassifierRetraining: Method {
  struct Settings: Section {
    var statistics = FrozenFeatures.Statistics.frozen
    var keepsClassifier = false

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("statistics", &statistics, "whether batch norm stays as it is (frozen) or follows the data of the stage (drifting)")
      visitor.key("keepsClassifier", &keepsClassifier, "go on with the classifier of the stage before instead of a new one")
    }
  }

  static let entry = MethodRegistry.Entry(
    "classifierRetraining", summary: "a new classifier on features that stay: cRT, decoupled Balanced Softmax",
    about: "The stage before has learned features from the data as it is; only the last layer is trained, with another sampler or loss.",
    source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Settings()
  ) { settings, _ in ClassifierRetraining(settings: settings) }

  let settings: Settings

  func graph(_ graph: Graph) -> Graph { FrozenFeatures.graph(graph, settings.statistics) }

  func trained(_ graph: Graph) throws -> [String]? { try FrozenFeatures.lastLayer(graph) }

  func parts(_ setup: MethodSetup) throws -> StepParts {
    var parts = try PlainMethod().parts(setup)
    if !settings.keepsClassifier {
      parts.followers.append(
        try FirstValues(of: setup.student, layer: setup.student.graph.lastTrainedLayer(before: .logits).name, named: "newClassifier"))
    }
    return parts
  }
}
