import Networks
import Tensors

extension Learner {
  /// Lets all ranks use rank zero's running statistics for a while: an evaluation judges the network that is saved. Collective.
  ///
  /// Only batch normalization without synchronization needs it, by which each rank has running statistics of its own.
  func withRootStatistics<Result>(_ body: () throws -> Result) throws -> Result {
    guard hasLocalStatistics, communicator.size > 1, finished == nil else { return try body() }
    let statistics = judged.statistics
    let own = statistics.withBytes { [UInt8]($0) }
    defer { statistics.withBytes { $0.copyBytes(from: own) } }
    var tree = StateTree()
    tree.tensors(network.statisticTensors, in: statistics) { "running statistic \($0)" }
    try tree.broadcast(communicator)
    return try body()
  }
}
