import Tensors

/// The numbers of a network: flat parameters and running statistics in one layout.
///
/// A graph may have several: that which is trained, an average, a teacher, a momentum copy. A plan computes with whichever is bound to it.
public final class ParameterSet {
  /// What lies where.
  public let layout: ParameterLayout
  /// All parameters, one float32 buffer in backward order, in the engine's layouts; padded lanes are zero.
  public let values: HostBuffer
  /// The running statistics.
  public let statistics: HostBuffer

  /// Zeros; running statistics at their first values.
  public init(_ layout: ParameterLayout) {
    self.layout = layout
    values = HostBuffer(floatCount: layout.floatCount)
    statistics = HostBuffer(floatCount: layout.statisticCount)
    resetStatistics()
  }

  /// Takes over all numbers of another set of the same layout.
  public func copy(_ other: ParameterSet) {
    values.copyFloats(from: other.values)
    statistics.copyFloats(from: other.statistics)
  }

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
