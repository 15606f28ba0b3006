import CMPI
import Tensors

extension MPICommunicator {
  /// Makes a buffer that is summed through a window of shared memory on each node, or through messages where there is none.
  public func reducibleBuffer(floatCount: Int, wirePrecision: WirePrecision) throws -> ReducibleBuffer {
    if size == 1 { return LoneBuffer(floatCount: floatCount, strategy: "one rank: nothing to sum") }
    try issuing(.makeBuffer, floatCount) {}
    return CountedBuffer(try unwatchedBuffer(floatCount: floatCount, wirePrecision), self)
  }

  private func unwatchedBuffer(floatCount: Int, _ wirePrecision: WirePrecision) throws -> ReducibleBuffer {
    func messageBuffer(_ reason: String) -> ReducibleBuffer {
      MessageBuffer(floatCount: floatCount, exchange: exchange(group: world, rank: rank, size: size, wirePrecision), reason: reason)
    }
    if avoidsWindows { return messageBuffer("as asked") }
    if nodeCount == size { return messageBuffer("one rank a node") }
    switch try sharedWindow(byteCount: floatCount * MemoryLayout<Float>.stride) {
    case .window(let window):
      return windowBuffer(window, floatCount: floatCount, wirePrecision)
    case .refused(let reason):
      return messageBuffer("no shared window: \(reason)")
    }
  }

  private func windowBuffer(_ window: SharedWindow, floatCount: Int, _ precision: WirePrecision) -> ReducibleBuffer {
    let counts = Set(localSizes).sorted()
    let ranks = counts.map(String.init).joined(separator: " or ")
    var strategy = "shared window of \(ranks) ranks on each node, summed in slices"
    var between: SliceExchange?
    if nodeCount > 1 {
      let lanes = laneCount == counts.last ? "" : ", over \(laneCount == 1 ? "one rank" : "\(laneCount) ranks") of each"
      let made = exchange(group: peers, rank: rankAmongPeers, size: nodeCount, precision)
      if localRank < laneCount { between = made }
      strategy += "; \(made.description) between nodes\(lanes)"
    }
    return WindowBuffer(
      self, window, floatCount: floatCount, laneCount: nodeCount > 1 ? laneCount : localSize, between: between, strategy: strategy)
  }

  /// Between nodes a slice of 1 MiB hides the latency of a network; on one of 128 KiB the messages of a node's ranks stay in the cache.
  private func exchange(group: OpaquePointer, rank: Int, size: Int, _ precision: WirePrecision) -> SliceExchange {
    SliceExchange(
      group: group, rank: rank, size: size, precision: nodeCount > 1 ? precision : .float32,
      sliceByteCount: nodeCount > 1 ? 1 << 20 : 1 << 17, maximumPieceByteCount: maximumMessageByteCount)
  }

  /// One blocking `MPI_Allreduce` of the first floats of a buffer, in place: what the sums of `ReducibleBuffer` are compared with.
  ///
  /// Not used in training: its order depends on size and number of ranks, and equal bits on all ranks are recommended, not promised.
  /// - Throws: `usage` for more than 2^31 - 1 floats, which MPI 3 cannot count; `inputOutput` from MPI.
  public func allReduce(_ buffer: HostBuffer, floatCount: Int) throws {
    guard floatCount <= buffer.floatCount, let count = Int32(exactly: floatCount) else {
      throw LongtailError(.usage, "One MPI_Allreduce cannot add \(floatCount) floats.")
    }
    let code = buffer.withBytes { longtail_mpi_reduce(world, $0.baseAddress, count, longtail_mpi_float32, longtail_mpi_add) }
    try MPILibrary.check(code, "MPI_Allreduce", rank: rank)
  }
}
