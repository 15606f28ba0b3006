import Checkpoints
import Collectives
import Configuration
import Datasets
import Models
import Networks
import Tensors

extension Trainer {
  /// Refuses epilogues that the network is not made for, before anything is trained.
  /// - Throws: `LongtailError` that says what the epilogue needs.
  func checkEpilogue() throws {
    let size = experiment.paddedEvaluationSize
    let context = MethodContext(configuration: experiment.configuration)
    _ = try experiment.configuration.epilogueList().reduce((learner.network, learner.judged)) { before, settings in
      let epilogue = try EpilogueRegistry.make(settings.name, settings: settings.settings, context: context)
      let network = try epilogue.network(before.0, before.1, height: size.height, width: size.width, seed: learner.dropoutSeed)
      try epilogue.check(network)
      return (network, network.parameterSet)
    }
  }

  /// Has the epilogue make the network that is judged and published, behind the last step; does nothing where there is none. Collective.
  /// - Throws: `LongtailError` from the epilogue.
  func applyEpilogue() throws {
    guard learner.finished == nil else { return }
    let context = MethodContext(configuration: experiment.configuration)
    learner.finished = try learner.withRootStatistics {
      try experiment.configuration.epilogueList().reduce(nil as Network?) { trained, settings in
        try EpilogueRegistry.make(settings.name, settings: settings.settings, context: context)
          .network(after: learner, experiment: experiment, statistics: statistics, trained: trained) { [observer] in observer?.didNote($0) }
      }
    }
  }
}

extension CheckpointContents {
  /// What the names of the model's tensors begin with that training goes on from, where an epilogue has made another one of it.
  private static let trainedPrefix = "trained."

  /// Publishes another model. The one that was trained stays, for whoever goes on.
  func publishing(_ network: Network) throws -> CheckpointContents {
    var result = self
    result.optimizer += model.map {
      NamedTensor(name: CheckpointContents.trainedPrefix + $0.name, shape: $0.shape, values: $0.values)
    }
    result.model = try network.parts.flatMap { try $0.canonicalTensors(of: $0.parameters) + $0.runningStatistics }
    result.run.hasEpilogue = true
    return result
  }

  /// What training goes on from: the same without what an epilogue has made.
  var withoutEpilogue: CheckpointContents {
    guard run.hasEpilogue else { return self }
    var result = self
    let prefix = CheckpointContents.trainedPrefix
    result.optimizer.removeAll { $0.name.hasPrefix(prefix) }
    result.model = optimizer.filter { $0.name.hasPrefix(prefix) }.map {
      NamedTensor(name: String($0.name.dropFirst(prefix.count)), shape: $0.shape, values: $0.values)
    }
    result.run.hasEpilogue = false
    return result
  }
}

extension Experiment {
  /// The network whose numbers a checkpoint publishes: the one that is trained, or what the epilogue makes of it.
  /// - Throws: `LongtailError` for an epilogue that this build does not know.
  package func publishedGraph(_ record: RunRecord) throws -> Graph { try Experiment.published(graph, configuration, record) }

  /// The network that a checkpoint publishes, for commands that need no data.
  /// - Throws: `LongtailError` for names that this build does not know.
  package static func publishedGraph(_ configuration: Configuration, _ record: RunRecord, classes: Int) throws -> Graph {
    let names = (0..<classes).map { ClassInfo(name: "\($0)", colour: .distinct($0)) }
    let composed = try TaskRegistry.entry(of: configuration).recorded(configuration, names).graph
    let graph = try MethodRegistry.make(configuration).graph(composed ?? ModelRegistry.make(configuration.model, classes: classes))
    return try published(graph, configuration, record)
  }

  private static func published(_ graph: Graph, _ configuration: Configuration, _ record: RunRecord) throws -> Graph {
    guard record.hasEpilogue else { return graph }
    let context = MethodContext(configuration: configuration)
    return try configuration.epilogueList().reduce(graph) { graph, settings in
      try EpilogueRegistry.make(settings.name, settings: settings.settings, context: context).graph(graph)
    }
  }
}
