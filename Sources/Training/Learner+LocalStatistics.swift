import Checkpoints
import Collectives
import Networks
import Tensors

/// Batch normalization without synchronization: each rank has running statistics of its own.
///
/// Rank zero's are those of the saved model. The others are saved too, beside it: the sums of a batch are taken about the running mean, so
/// that the last bits of a step depend on them.
extension Learner {
  private static let prefix = "runningStatistics.rank."

  private var hasLocalStatistics: Bool { communicator.size > 1 && experimentHasLocalStatistics }

  /// The running statistics of each rank, in the order of ranks, on rank zero; nothing where all are alike. Collective.
  func gatherLocalStatistics() throws -> [StoredTensor] {
    guard hasLocalStatistics else { return [] }
    let own = network.runningStatistics.flatMap(\.values)
    let all = try communicator.gatherEverywhere(own.withUnsafeBytes { [UInt8]($0) })
    guard communicator.isRoot else { return [] }
    return all.enumerated().map { rank, bytes in
      let values = Learner.floats(bytes)
      return StoredTensor(name: "\(Learner.prefix)\(rank)", shape: [values.count], values: .float32(values))
    }
  }

  /// Those that a checkpoint holds, by rank.
  static func localStatistics(in contents: CheckpointContents) -> [[Float]] {
    let found = contents.state.filter { $0.name.hasPrefix(prefix) }
    return found.indices.compactMap { rank in found.first { $0.name == "\(prefix)\(rank)" }?.values.floats }
  }

  /// Gives each rank its own from the checkpoint that rank zero has read, where it was written by as many ranks; else all keep rank zero's.
  /// Collective.
  func distributeLocalStatistics() throws {
    guard hasLocalStatistics else { return }
    var bytes = communicator.isRoot && localStatistics.count == communicator.size ? Learner.bytes(localStatistics.flatMap { $0 }) : []
    localStatistics = []
    try communicator.broadcast(&bytes, from: 0)
    var statistics = network.runningStatistics
    let count = statistics.reduce(0) { $0 + $1.values.count }
    let all = Learner.floats(bytes)
    guard !all.isEmpty else { return }
    guard all.count == count * communicator.size else {
      throw LongtailError(.mismatch, "the checkpoint holds running statistics of another network")
    }
    var place = count * communicator.rank
    for i in statistics.indices {
      let length = statistics[i].values.count
      statistics[i].values = Array(all[place..<place + length])
      place += length
    }
    try network.loadRunningStatistics(statistics)
  }

  /// Lets all ranks use rank zero's running statistics for a while: an evaluation judges the network that is saved. Collective.
  func withRootStatistics<Result>(_ body: () throws -> Result) throws -> Result {
    guard hasLocalStatistics else { return try body() }
    let own = network.runningStatistics
    try broadcast(network.runningStatisticsBuffer)
    let result = try body()
    try network.loadRunningStatistics(own)
    return result
  }

  private static func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { [UInt8]($0) } }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } }
  }
}
