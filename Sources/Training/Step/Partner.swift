import Networks
import Tensors

/// A network that takes part in a step beside the one that is trained: a teacher, a momentum encoder, a frozen backbone.
///
/// Partners run before the student, in one workspace with it; what terms, links and followers read of them has memory of its own. Nothing
/// of them is trained. Their parameters and running statistics are leaves of the run's state: `<name>.….weight`.
public final class Partner: Stateful {
  /// The name in `PortPlace` and in checkpoints.
  public let name: String
  /// What is computed.
  public let network: Network
  /// The numbers that it is computed with: the network's own, or another set of its layout.
  public let set: ParameterSet
  /// `inference` with running statistics, as teachers; or `observing` with those of the batch, as momentum encoders.
  public let mode: NetworkMode

  /// Describes a partner.
  /// - Parameter set: the network's own numbers if nil.
  /// - Throws: `LongtailError` for a mode with a backward pass.
  public init(_ name: String, _ network: Network, set: ParameterSet? = nil, mode: NetworkMode) throws {
    guard mode == .inference || mode == .observing else {
      throw LongtailError(.internalError, "partner '\(name)' can predict or observe, but not be trained")
    }
    (self.name, self.network, self.set, self.mode) = (name, network, set ?? network.parameterSet, mode)
  }

  /// Names parameters and running statistics.
  public func describeState(in tree: inout StateTree) { describeState(in: &tree, statistics: .replicated) }

  func describeState(in tree: inout StateTree, statistics: StateSharing) {
    tree.tensors(network.parameterTensors, in: set.values) { "parameter \($0) of \(name)" }
    tree.tensors(network.statisticTensors, in: set.statistics, sharing: statistics) { "running statistic \($0) of \(name)" }
  }
}
