import CMPI
import Tensors

extension MPICommunicator {
  /// Makes a buffer that is summed through a window of shared memory on each node, or through messages where there is none.
  public func reducibleBuffer(floatCount: Int) throws -> ReducibleBuffer {
    if size == 1 { return LoneBuffer(floatCount: floatCount, strategy: "one rank: nothing to sum") }
    try issuing(.makeBuffer, floatCount) {}
    return CountedBuffer(try unwatchedBuffer(floatCount: floatCount), self)
  }

  private func unwatchedBuffer(floatCount: Int) throws -> ReducibleBuffer {
    if avoidsWindows { return messageBuffer(floatCount: floatCount, reason: "as asked") }
    if nodeCount == size { return messageBuffer(floatCount: floatCount, reason: "one rank a node") }
    if nodeCount > 1 && peers == nil { return messageBuffer(floatCount: floatCount, reason: "the nodes have different numbers of ranks") }
    switch try sharedWindow(byteCount: floatCount * MemoryLayout<Float>.stride) {
    case .window(let window):
      return WindowBuffer(self, window, floatCount: floatCount)
    case .refused(let reason):
      return messageBuffer(floatCount: floatCount, reason: "no shared window: \(reason)")
    }
  }

  private func messageBuffer(floatCount: Int, reason: String) -> ReducibleBuffer {
    MessageBuffer(floatCount: floatCount, exchange: SliceExchange(group: world, rank: rank, size: size), reason: reason)
  }
}

/// A buffer of ordinary memory that is summed through messages.
final class MessageBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy: String
  private(set) var bytesReduced = 0
  private let exchange: SliceExchange

  init(floatCount: Int, exchange: SliceExchange, reason: String) {
    buffer = HostBuffer(floatCount: floatCount)
    self.exchange = exchange
    strategy = "MPI messages in pieces of \(exchange.pieceFloatCount >> 18) MiB (\(reason))"
  }

  func sum() throws {
    try buffer.withFloats { floats in
      if let base = floats.baseAddress { try exchange.sum(base, count: floats.count) }
    }
    bytesReduced += buffer.byteCount
  }
}

/// A buffer in a node's shared window. Each rank adds up its own slice over the node's ranks, in rank order, and reads the other slices
/// from their owners; between nodes each slice goes through messages.
///
/// Memory traffic per rank of n bytes on p ranks: n read and n/p written for the sums, (p - 1)/p n read and written for the rest.
final class WindowBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy: String
  private(set) var bytesReduced = 0
  private let window: SharedWindow
  private let node: OpaquePointer
  private let localRank: Int
  private let parts: [Range<Int>]
  private let between: SliceExchange?

  init(_ communicator: MPICommunicator, _ window: SharedWindow, floatCount: Int) {
    self.window = window
    node = communicator.node
    localRank = communicator.localRank
    parts = slices(of: floatCount, ranks: communicator.localSize)
    buffer = HostBuffer(
      borrowing: window.bases[localRank], byteCount: floatCount * MemoryLayout<Float>.stride, owner: window)
    between = communicator.peers.map {
      SliceExchange(group: $0, rank: communicator.rankAmongPeers, size: communicator.nodeCount)
    }
    let onNode = "shared window of \(communicator.localSize) ranks on each node, summed in slices"
    strategy = between.map { "\(onNode); MPI messages in pieces of \($0.pieceFloatCount >> 18) MiB between nodes" } ?? onNode
  }

  func sum() throws {
    let floats = window.bases.map { $0.assumingMemoryBound(to: Float.self) }
    let own = floats[localRank]
    let slice = parts[localRank]
    // All ranks have written their numbers.
    try window.fence(node)
    addInRankOrder(floats.map { UnsafePointer($0 + slice.lowerBound) }, into: own + slice.lowerBound, count: slice.count)
    try between?.sum(own + slice.lowerBound, count: slice.count)
    // All slices are complete at their owners.
    try window.fence(node)
    for (owner, part) in parts.enumerated() where owner != localRank {
      copyFloats(floats[owner] + part.lowerBound, to: own + part.lowerBound, count: part.count)
    }
    // Nobody reads here any more: the caller may write.
    try window.fence(node)
    bytesReduced += buffer.byteCount
  }
}
