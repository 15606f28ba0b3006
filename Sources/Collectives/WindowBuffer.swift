import CMPI
import Tensors

/// A buffer in a node's shared window: summed through memory on the node, through messages between nodes.
///
/// On a node of k ranks each rank owns a k-th of the buffer, adds it up over the node in rank order, and writes the result into every
/// rank's buffer while its lines are still in the cache. Memory traffic per rank of n bytes: n read, n written; two barriers.
///
/// Between nodes the buffer is cut into lanes, as many as the smallest node has ranks. Lane l belongs to local rank l of each node; these
/// exchange it. So a node sends and receives 2(m - 1)/m n bytes for m nodes, however many ranks it has, over as many streams as there are
/// lanes. On a node with more ranks than lanes all ranks take part in the sums on the node, and wait while the lanes are exchanged.
final class WindowBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy: String
  private(set) var bytesReduced = 0
  private let window: SharedWindow
  private let node: OpaquePointer
  private let localRank: Int
  private let localSize: Int
  private let laneCount: Int
  private let between: SliceExchange?

  /// - Parameters:
  ///   - laneCount: as many on every node; at most the ranks of this one.
  ///   - between: sums over the local ranks of this number on all nodes; nil on a single node, and for ranks without a lane.
  init(
    _ communicator: MPICommunicator, _ window: SharedWindow, floatCount: Int, laneCount: Int, between: SliceExchange?, strategy: String
  ) {
    self.window = window
    node = communicator.node
    localRank = communicator.localRank
    localSize = communicator.localSize
    self.laneCount = laneCount
    self.between = between
    self.strategy = strategy
    buffer = HostBuffer(
      borrowing: window.bases[localRank], byteCount: floatCount * MemoryLayout<Float>.stride, owner: window)
  }

  func sum(_ range: Range<Int>) throws {
    try check(range)
    let parts = window.bases.map { $0.assumingMemoryBound(to: Float.self) + range.lowerBound }
    // All ranks of the node have written their numbers.
    try window.fence(node)
    if laneCount == localSize {
      try sumOwnSlice(parts, slices(of: range.count, ranks: localSize)[localRank])
    } else {
      try sumThroughLanes(parts, count: range.count)
    }
    // All slices are complete in every buffer, and nobody reads here any more: the caller may write.
    try window.fence(node)
    bytesReduced += range.count * MemoryLayout<Float>.stride
  }

  /// Where every rank owns a lane, and between nodes piece by piece.
  private func sumOwnSlice(_ parts: [UnsafeMutablePointer<Float>], _ slice: Range<Int>) throws {
    func sources(_ start: Int) -> [UnsafePointer<Float>] { parts.map { UnsafePointer($0 + start) } }
    guard let between else {
      addInRankOrder(sources(slice.lowerBound), into: parts.map { $0 + slice.lowerBound }, count: slice.count)
      return
    }
    for piece in pieces(of: slice.count, limit: between.pieceFloatCount) {
      let start = slice.lowerBound + piece.lowerBound
      let own = parts[localRank] + start
      addInRankOrder(sources(start), into: [own], count: piece.count)
      try between.sumPiece(own, count: piece.count)
      for (other, part) in parts.enumerated() where other != localRank { copyFloats(own, to: part + start, count: piece.count) }
    }
  }

  /// Where the node has more ranks than lanes: all add, some exchange, all copy.
  private func sumThroughLanes(_ parts: [UnsafeMutablePointer<Float>], count: Int) throws {
    let lanes = slices(of: count, ranks: laneCount)
    let slice = slices(of: count, ranks: localSize)[localRank]
    for (owner, lane) in lanes.enumerated() {
      let both = slice.clamped(to: lane)
      if both.isEmpty { continue }
      addInRankOrder(parts.map { UnsafePointer($0 + both.lowerBound) }, into: [parts[owner] + both.lowerBound], count: both.count)
    }
    try window.fence(node)
    if let between { try between.sum(parts[localRank] + lanes[localRank].lowerBound, count: lanes[localRank].count) }
    try window.fence(node)
    for (owner, lane) in lanes.enumerated() where owner != localRank {
      copyFloats(parts[owner] + lane.lowerBound, to: parts[localRank] + lane.lowerBound, count: lane.count)
    }
  }
}
