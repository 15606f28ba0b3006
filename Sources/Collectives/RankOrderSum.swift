import CMPI
import Tensors
import Threading

/// Adds up vectors of several ranks element by element: `destination[i] = (s0[i] + s1[i]) + s2[i] ...`.
///
/// `destination` may be one of the sources. Goes through blocks that stay in the first-level cache, spread over the compute threads.
func addInRankOrder(_ sources: [UnsafePointer<Float>], into destination: UnsafeMutablePointer<Float>, count: Int) {
  let block = 2048
  ComputePool.forEachRange(of: count, minimum: 1 << 14, alignment: 16) { range in
    withUnsafeTemporaryAllocation(byteCount: block * 4, alignment: 64) { memory in
      let total = memory.bindMemory(to: Float.self)
      guard let total = total.baseAddress else { return }
      for lower in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let length = min(block, range.upperBound - lower)
        total.update(from: sources[0] + lower, count: length)
        for source in sources.dropFirst() { add(source + lower, to: total, count: length) }
        (destination + lower).update(from: total, count: length)
      }
    }
  }
}

@inline(__always)
private func add(_ source: UnsafePointer<Float>, to total: UnsafeMutablePointer<Float>, count: Int) {
  for index in 0..<count { total[index] += source[index] }
}

/// Copies floats, spread over the compute threads.
func copyFloats(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, count: Int) {
  ComputePool.forEachRange(of: count, minimum: 1 << 15, alignment: 16) { range in
    (destination + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
  }
}

/// Cuts `count` elements into one slice a rank, as even as whole cache lines (16 floats) allow; slices may be empty.
func slices(of count: Int, ranks: Int) -> [Range<Int>] {
  let lines = (count + 15) / 16
  return (0..<ranks).map { rank in
    min(count, lines * rank / ranks * 16)..<min(count, lines * (rank + 1) / ranks * 16)
  }
}

/// Sums a buffer over a group through MPI's messages, in pieces that stay in the cache.
///
/// Each piece is cut into one slice a rank. The ranks exchange slices, add up their own in rank order, and share the results: the least
/// volume that is possible, 2(p - 1)/p of the buffer a rank, as in Rabenseifner's all-reduce, but in an order that is fixed.
/// `MPI_Allreduce` chooses its order by size and number of ranks, and MPI does not promise equal bits on all ranks.
final class SliceExchange {
  private let group: OpaquePointer
  private let rank: Int
  private let size: Int
  /// Floats in a piece: 1 MiB for few ranks, up to 4 MiB for many.
  let pieceFloatCount: Int
  private let received: HostBuffer

  init(group: OpaquePointer, rank: Int, size: Int) {
    self.group = group
    self.rank = rank
    self.size = size
    pieceFloatCount = min(max(size << 15, 1 << 18), 1 << 20)
    received = HostBuffer(floatCount: size * (pieceFloatCount / size + 16))
  }

  /// Adds the floats of all ranks of the group, in place. Collective.
  func sum(_ floats: UnsafeMutablePointer<Float>, count: Int) throws {
    if size == 1 { return }
    for piece in pieces(of: count, limit: pieceFloatCount) {
      let parts = slices(of: piece.count, ranks: size)
      let counts = parts.map { Int32($0.count) }
      let offsets = parts.map { Int32($0.lowerBound) }
      let own = parts[rank]
      let start = floats + piece.lowerBound
      try received.withFloats { room in
        guard let base = room.baseAddress else { return }
        try MPILibrary.check(
          longtail_mpi_exchange_slices(group, start, counts, offsets, base, Int32(own.count)), "MPI_Alltoallv", rank: rank)
        let sources = (0..<size).map { UnsafePointer(base + $0 * own.count) }
        addInRankOrder(sources, into: start + own.lowerBound, count: own.count)
      }
      try MPILibrary.check(longtail_mpi_share_slices(group, start, counts, offsets), "MPI_Allgatherv", rank: rank)
    }
  }
}
