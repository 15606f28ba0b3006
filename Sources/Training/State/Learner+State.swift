import Networks
import Objectives
import Optimizers
import Tensors

extension Learner: Stateful {
  /// Names everything that a step changes.
  package func describeState(in tree: inout StateTree) {
    func sharing(_ row: String) -> StateSharing { hasLocalStatistics ? .perRank(row: row) : .replicated }
    tree.child("model") {
      $0.model(network, network.parameterSet, sharing("runningStatistics")) { "\($0) \($1)" }
    }
    if let average {
      tree.child("average") {
        $0.model(network, average.set, sharing("average.runningStatistics")) { "average of \($1)" }
      }
    }
    tree.child("optimizer") { optimizer.describeState(in: &$0, tensors: network.trainedTensors) }
    for term in terms.terms { tree.child(term.name) { term.describeState(in: &$0) } }
    for part in trained.dropFirst() {
      tree.child(part.name) { tree in
        // What is published with the student's model is a part of that.
        if !network.continuations.contains(where: { $0.network === part.network }) {
          tree.model(part.network, part.network.parameterSet, sharing("\(part.name).runningStatistics")) {
            "\($0) \($1) of \(part.name)"
          }
        }
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

extension StateTree {
  /// Names parameters and running statistics of a network and of those behind it, under one roof: their names are different ones.
  /// - Parameters:
  ///   - set: the numbers.
  ///   - sharing: that of the running statistics.
  ///   - title: what a leaf is called, by its kind and name.
  mutating func model(
    _ network: Network, _ set: ParameterSet, _ sharing: StateSharing, title: (_ kind: String, _ name: String) -> String
  ) {
    for (place, (part, numbers)) in zip(network.parts, set.parts).enumerated() {
      tensors(part.parameterTensors, in: numbers.values) { title("parameter", $0) }
      tensors(part.statisticTensors, in: numbers.statistics, sharing: sharing.ofPart(place)) { title("running statistic", $0) }
    }
  }
}

extension StateSharing {
  /// What ranks have of their own is kept row by row, one for each network.
  fileprivate func ofPart(_ place: Int) -> StateSharing {
    guard case .perRank(let row) = self, place > 0 else { return self }
    return .perRank(row: "\(row).\(place)")
  }
}

extension Network {
  /// Takes parameters and running statistics from a file.
  /// - Throws: `LongtailError` naming what is missing, unexpected or of another shape; nothing is changed then.
  func restoreModel(_ tensors: [NamedTensor], source: String) throws {
    var tree = StateTree()
    tree.model(self, parameterSet, .replicated) { $1 }
    try tree.restore(
      tensors.map { StoredTensor($0) }, source: source, advice: "Check the model's name, width and number of classes in the configuration.")
  }
}
