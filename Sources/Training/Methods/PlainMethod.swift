import Configuration
import Networks
import Objectives
import Tensors

/// The plain step: the objective at the logits; what the configuration's `terms` add; and at each auxiliary head cross-entropy over the
/// labelled rows of the global batch, times the head's weight. The objective proper acts on the logits alone: its class statistics, weights
/// and running state are theirs.
public struct PlainMethod: Method {
  /// The method.
  public init() {}

  /// One term for each output of the student, and one for each entry of `terms`.
  public func parts(_ setup: MethodSetup) throws -> StepParts {
    let graph = setup.student.graph
    var terms = [RowTerm("objective", setup.objective, at: PortPlace(port: Port.logits.name))]
    for (index, weight) in graph.auxiliaryWeights.enumerated() {
      let port = Port.auxiliary(index)
      let crossEntropy = try ObjectiveRegistry.make(
        "crossEntropy", context: ObjectiveContext(classes: graph.channels(of: try graph.value(of: port))))
      terms.append(RowTerm(port.name, crossEntropy, at: PortPlace(port: port.name), weight: weight))
    }
    return StepParts(terms: terms + (try setup.configuredTerms()))
  }
}
