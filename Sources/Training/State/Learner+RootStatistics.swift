import Networks
import Tensors

extension Learner {
  /// Lets all ranks use rank zero's running statistics for a while: an evaluation judges the network that is saved. Collective.
  ///
  /// Only batch normalization without synchronization needs it, by which each rank has running statistics of its own.
  func withRootStatistics<Result>(_ body: () throws -> Result) throws -> Result {
    guard hasLocalStatistics, communicator.size > 1, finished == nil else { return try body() }
    let statistics = judged.parts.map(\.statistics)
    let own = statistics.map { $0.withBytes { [UInt8]($0) } }
    defer { for (buffer, bytes) in zip(statistics, own) { buffer.withBytes { $0.copyBytes(from: bytes) } } }
    var tree = StateTree()
    for (part, numbers) in zip(network.parts, statistics) {
      tree.tensors(part.statisticTensors, in: numbers) { "running statistic \($0)" }
    }
    try tree.broadcast(communicator)
    return try body()
  }
}
