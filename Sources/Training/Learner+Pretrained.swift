import Collectives
import Configuration
import Models
import Networks
import Optimizers
import Tensors

extension ModelRegistry {
  /// The network that a configuration describes, for this many classes.
  /// - Throws: `LongtailError` for an unknown name or setting, or an unusable width.
  static func make(_ model: Configuration.Model, classes: Int) throws -> Graph {
    let graph = try make(model.name, width: model.width, classes: classes, settings: model.settings)
    return model.batchNorm == .frozen ? graph.freezingBatchNormalization() : graph
  }
}

extension Learner {
  /// Averages, copies and queues begin with what the networks hold now. What gives a part of a network other first values comes first.
  func begin() {
    for follower in followers { follower.begin() }
    average?.restart(from: network.parameterSet)
  }

  /// Takes the weights that the configuration names, on rank zero, and gives them to all. Collective.
  /// - Returns: on rank zero what was matched, missing and unexpected, in lines.
  /// - Throws: `LongtailError` for a file that is not there or does not fit.
  func loadPretrained(_ model: Configuration.Model) throws -> [String] {
    guard let file = model.pretrained else { return [] }
    var lines: [String] = []
    if communicator.isRoot {
      let tensors = try SafetensorsFile(path: file).readAll()
      lines = try network.loadPretrained(tensors, skipsHead: model.pretrainedHead == .skip, source: file).lines(file: file)
    }
    begin()
    try StateTree(self).broadcast(communicator)
    return lines
  }

  /// - Throws: `LongtailError` with code `usage` where a network without backbone is given a factor for it.
  static func requireBackbone(_ network: Network, _ configuration: Configuration) throws {
    let factor = configuration.optimizer.backboneLearningRateFactor
    guard factor == 1 || network.graph.hasBackbone else {
      throw LongtailError(
        .usage, "optimizer.backboneLearningRateFactor is \(factor), but model '\(configuration.model.name)' has no backbone",
        advice: "Leave the key out, or choose a network on a ResNet.")
    }
  }
}
