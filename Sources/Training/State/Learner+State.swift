import Networks
import Objectives
import Optimizers
import Tensors

extension Learner: Stateful {
  /// Names everything that a step changes.
  public func describeState(in tree: inout StateTree) {
    let parameters = network.parameterTensors
    func sharing(_ row: String) -> StateSharing { hasLocalStatistics ? .perRank(row: row) : .replicated }
    tree.child("model") {
      $0.tensors(parameters, in: network.parameters) { "parameter \($0)" }
      $0.tensors(network.statisticTensors, in: network.runningStatisticsBuffer, sharing: sharing("runningStatistics")) {
        "running statistic \($0)"
      }
    }
    if let average {
      tree.child("average") {
        $0.tensors(parameters, in: average.set.values) { "average of \($0)" }
        $0.tensors(network.statisticTensors, in: average.set.statistics, sharing: sharing("average.runningStatistics")) {
          "average of \($0)"
        }
      }
    }
    tree.child("optimizer") { optimizer.describeState(in: &$0, tensors: network.trainedTensors) }
    for term in terms.terms { tree.child(term.name) { term.describeState(in: &$0) } }
    for part in trained.dropFirst() {
      tree.child(part.name) { tree in
        tree.tensors(part.network.parameterTensors, in: part.network.parameters) { "parameter \($0) of \(part.name)" }
        tree.tensors(
          part.network.statisticTensors, in: part.network.runningStatisticsBuffer, sharing: sharing("\(part.name).runningStatistics")
        ) { "running statistic \($0) of \(part.name)" }
        tree.child("optimizer") { part.optimizer.describeState(in: &$0, tensors: part.network.trainedTensors) }
      }
    }
    for partner in networks.partners {
      let statistics = partner.mode == .observing ? sharing("\(partner.name).runningStatistics") : .replicated
      tree.child(partner.name) { partner.describeState(in: &$0, statistics: statistics) }
    }
    for follower in followers { tree.child(follower.name, follower) }
    if let sampler = sampler as? any Stateful { tree.child("sampler", sampler) }
    tree.child("run") {
      $0.value("globalStep", of: self, \.stepCount, title: "step number")
      $0.count("consumedSamples", of: self, \.consumedSamples, title: "number of samples")
      $0.value("recentLosses", of: self, \.watch.history.losses, title: "history of losses", absent: [])
      $0.value("recentGradientNorms", of: self, \.watch.history.gradientNorms, title: "history of gradient norms", absent: [])
      $0.count("nonFiniteInARow", of: self, \.watch.history.nonFiniteInARow, title: "count of steps left out in a row")
      $0.count("nonFiniteTotal", of: self, \.watch.history.nonFiniteTotal, title: "count of steps left out")
      $0.count("spikes", of: self, \.watch.history.spikeTotal, title: "count of spikes")
    }
  }
}

extension Network {
  /// Takes parameters and running statistics from a file.
  /// - Throws: `LongtailError` naming what is missing, unexpected or of another shape; nothing is changed then.
  func restoreModel(_ tensors: [NamedTensor], source: String) throws {
    var tree = StateTree()
    tree.tensors(parameterTensors, in: parameters) { $0 }
    tree.tensors(statisticTensors, in: runningStatisticsBuffer) { $0 }
    try tree.restore(
      tensors.map { StoredTensor($0) }, source: source, advice: "Check the model's name, width and number of classes in the configuration.")
  }
}
