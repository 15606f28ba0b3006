import Networks
import Objectives
import Settings
import Tensors

/// Calibrated activation maps, in our reading: the classifier looks again at the places where the likeliest classes are seen.
///
/// Named ours: the paper's layers, losses and numbers are not known to us, see `CalibratedActivation`. The head of the network becomes a
/// `CalibratedClassifier` under the same name, so that a stage before with head `cosine` is the warm-up: its weights fit.
/// After: Zhang, Lin, Lai, Ding, Wu, "Calibrating class activation maps for long-tailed visual recognition", 2021, arXiv:2108.12757.
struct CalibratedActivationMaps: Method {
  struct Settings: Section {
    var scale = 16.0
    var classesUsed = 5
    var temperature = 0.2
    var gain = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("scale", &scale, "what cosines are multiplied by", .above(0), .finite)
      visitor.key("classesUsed", &classesUsed, "likeliest classes whose places count", .atLeast(1))
      visitor.key("temperature", &temperature, "what the score of a place is divided by", .above(0), .finite)
      visitor.key("gain", &gain, "how much calibrated places count beside all places alike; 0 is the mean", .atLeast(0), .finite)
    }
  }

  static let entry = MethodRegistry.Entry(
    "calibratedActivationMaps", summary: "a cosine classifier that looks again where the likeliest classes are seen (CAMC-style, ours)",
    about: "The mean over a feature map gives way to a weighted one. Our reading of a paper that came without code.",
    source: "after Zhang, Lin, Lai, Ding, Wu, 2021, arXiv:2108.12757", settings: Settings()
  ) { settings, _ in CalibratedActivationMaps(settings: settings) }

  let settings: Settings

  func graph(_ graph: Graph) throws -> Graph {
    var activation = CalibratedActivation()
    activation.scale = Float(settings.scale)
    activation.classesUsed = settings.classesUsed
    activation.temperature = Float(settings.temperature)
    activation.gain = Float(settings.gain)
    let classes = graph.channels(of: try graph.value(of: .logits))
    return graph.replacingHead(
      on: try graph.map(pooledInto: .features), by: CalibratedClassifier(classes: classes, activation: activation),
      named: try graph.lastTrainedLayer(before: .logits).name)
  }

  func parts(_ setup: MethodSetup) throws -> StepParts { try PlainMethod().parts(setup) }
}
