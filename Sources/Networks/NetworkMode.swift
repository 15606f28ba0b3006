/// What a network does with a batch.
public enum NetworkMode: Hashable, Sendable {
  /// Predicts with the running statistics.
  case inference
  /// Takes the statistics of the batch, and moves the running ones; there is no backward pass and no memory for one. For momentum encoders,
  /// and for frozen networks whose statistics follow the data.
  case observing
  /// Has a backward pass, down to the lowest parameter that is trained.
  case training(TrainedParameters)

  /// Whether the batch's own statistics count.
  var usesBatchStatistics: Bool { self != .inference }

  /// Whether there is a backward pass.
  var isTraining: Bool { if case .training = self { true } else { false } }

  /// What is trained; nothing outside of training.
  var trained: TrainedParameters {
    if case .training(let trained) = self { trained } else { .only([]) }
  }
}

/// Which parameters a training step moves.
public enum TrainedParameters: Hashable, Sendable {
  /// All but those that their layer freezes.
  case all
  /// Those of these names, unless their layer freezes them.
  case only(Set<String>)

  /// Whether the parameter is among them.
  package func contains(_ name: String) -> Bool {
    switch self {
    case .all: true
    case .only(let names): names.contains(name)
    }
  }
}

/// Which layers of a graph run in the backward pass.
///
/// A layer does where one of its parameters is trained, or where its output depends on one that is: below the lowest trained parameter
/// nothing is kept and nothing is computed. The network's input has a gradient only where somebody asks for it.
struct BackwardExtent {
  /// By value: whether its gradient is needed.
  private(set) var needsGradient: [Bool]
  /// By node: whether any parameter is trained.
  private(set) var isTrained: [Bool] = []
  /// By node: whether it runs backward.
  private(set) var runs: [Bool] = []

  init(_ graph: Graph, trained: TrainedParameters, inputGradient: Bool) {
    needsGradient = [inputGradient]
    for node in graph.nodes {
      let parameters = node.layer.parameters(node.inputs.map(graph.channels(of:)))
      let own = parameters.contains { !$0.isFrozen && trained.contains("\(node.name).\($0.name)") }
      let below = node.inputs.enumerated().contains { node.layer.readsNumbers(ofInput: $0) && needsGradient[$1.index] }
      isTrained.append(own)
      runs.append(own || below)
      needsGradient.append(own || below)
    }
  }
}
