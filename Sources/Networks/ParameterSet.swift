import Tensors

/// The numbers of a network: flat parameters and running statistics in one layout.
///
/// A graph may have several: that which is trained, an average, a teacher, a momentum copy. A plan computes with whichever is bound to it.
public final class ParameterSet {
  /// What lies where.
  package let layout: ParameterLayout
  /// All parameters, one float32 buffer in backward order, in the engine's layouts; padded lanes are zero.
  public let values: HostBuffer
  /// The running statistics.
  public let statistics: HostBuffer
  /// The numbers of the networks behind this one, in their order; empty in sets that are of this network alone.
  public let further: [ParameterSet]

  /// Zeros; running statistics at their first values.
  /// - Parameter further: sets of the networks behind this one.
  public init(_ layout: ParameterLayout, further: [ParameterSet] = []) {
    self.layout = layout
    self.further = further
    values = HostBuffer(floatCount: layout.floatCount)
    statistics = HostBuffer(floatCount: layout.statisticCount)
    resetStatistics()
  }

  /// Takes over all numbers of another set of the same layout.
  public func copy(_ other: ParameterSet) {
    values.copyFloats(from: other.values)
    statistics.copyFloats(from: other.statistics)
    for (own, others) in zip(further, other.further) { own.copy(others) }
  }

  /// This set, then those of the networks behind it.
  package var parts: [ParameterSet] { [self] + further }

  /// Puts running statistics at their first values.
  func resetStatistics() {
    statistics.withFloats { floats in
      for statistic in layout.statistics {
        for i in statistic.range { floats[i] = statistic.specification.initialValue }
      }
    }
  }

  /// The running statistics as they are, to be put back by `restoreStatistics`.
  var statisticsCopy: [Float] { statistics.withFloats { Array($0) } }
}

extension ParameterSet {
  /// A copy of the numbers of a network and of those behind it: what an average begins with.
  package convenience init(copying network: Network) {
    self.init(network.layout, further: network.continuations.map { ParameterSet(copying: $0.network) })
    copy(network.parameterSet)
  }
}
