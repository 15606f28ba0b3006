import CMPI

/// Combines small vectors of all ranks where several nodes have several ranks each: first on each node, in rank order, through a shared
/// window, then over the nodes, in their order, through messages.
///
/// A vector of v numbers is cut into lanes, one for each of the first local ranks of a node, as many as the smallest node has ranks. So a
/// node of k ranks sends each number to each other node once, not k times. Cost on m nodes: two barriers on the node, ceil(log2 m)
/// latencies, 8 v (m - 1) bytes into each node.
final class NodeFold {
  /// Numbers that are combined at a time.
  static let capacity = 1 << 14

  private let window: SharedWindow
  private let node: OpaquePointer
  private let peers: OpaquePointer
  private let rank: Int
  private let localRank: Int
  private let laneCount: Int
  private let nodeCount: Int
  private var own: [Double] = []
  private var all: [Double] = []

  /// - Parameter window: with room for `capacity` numbers in each rank.
  init(_ communicator: MPICommunicator, _ window: SharedWindow) {
    self.window = window
    (node, peers) = (communicator.node, communicator.peers)
    (rank, localRank) = (communicator.rank, communicator.localRank)
    (laneCount, nodeCount) = (communicator.laneCount, communicator.nodeCount)
  }

  /// Combines the vectors of all ranks, in place. Collective.
  func fold(_ values: UnsafeMutableBufferPointer<Double>, _ combine: (Double, Double) -> Double) throws {
    let slots = window.bases.map { $0.assumingMemoryBound(to: Double.self) }
    for piece in pieces(of: values.count, limit: NodeFold.capacity) {
      guard let start = values.baseAddress?.advanced(by: piece.lowerBound) else { return }
      slots[localRank].update(from: start, count: piece.count)
      try window.fence(node)
      if localRank < laneCount {
        try foldLane(slices(of: piece.count, ranks: laneCount)[localRank], slots, combine)
      }
      // Only its owner touched a lane, and from here on only its own slot is read by each rank.
      try window.fence(node)
      start.update(from: slots[localRank], count: piece.count)
    }
  }

  private func foldLane(
    _ lane: Range<Int>, _ slots: [UnsafeMutablePointer<Double>], _ combine: (Double, Double) -> Double
  ) throws {
    if lane.isEmpty { return }
    if own.count < lane.count { own = [Double](repeating: 0, count: lane.count) }
    if all.count < lane.count * nodeCount { all = [Double](repeating: 0, count: lane.count * nodeCount) }
    for (place, index) in lane.enumerated() {
      own[place] = slots.dropFirst().reduce(slots[0][index]) { combine($0, $1[index]) }
    }
    let code = longtail_mpi_gather_all(peers, own, Int32(lane.count * MemoryLayout<Double>.stride), &all)
    try MPILibrary.check(code, "MPI_Allgather", rank: rank)
    for (place, index) in lane.enumerated() {
      let result = (1..<nodeCount).reduce(all[place]) { combine($0, all[$1 * lane.count + place]) }
      for slot in slots { slot[index] = result }
    }
  }
}
