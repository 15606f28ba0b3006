import CMPI
import Tensors

/// Sums a buffer over a group through MPI's messages, in pieces that stay in the cache.
///
/// Each piece is cut into one slice a rank. The ranks exchange slices, add up their own in rank order, and share the results: the least
/// volume that is possible, 2(p - 1)/p of the buffer a rank, as in Rabenseifner's all-reduce, but in an order that is fixed.
/// `MPI_Allreduce` chooses its order by size and number of ranks, and MPI does not promise equal bits on all ranks.
///
/// In bfloat16 every rank rounds what it sends, the owner of a slice adds the rounded numbers, its own among them, in float32, and all take
/// the rounded sum. So the result is a function of the values in rank order here too, and does not depend on who owns which slice.
final class SliceExchange {
  /// Floats in a piece.
  let pieceFloatCount: Int
  private let group: OpaquePointer
  private let rank: Int
  private let size: Int
  private let precision: WirePrecision
  private let received: HostBuffer
  private let rounded: HostBuffer
  private var whole: Layout
  private var rest: Layout

  /// Who owns what in a piece of this many floats, as MPI wants it.
  private struct Layout {
    let count: Int
    let counts: [Int32]
    let offsets: [Int32]
    let receivedCounts: [Int32]
    let receivedOffsets: [Int32]
    let own: Range<Int>

    init(count: Int, rank: Int, size: Int) {
      self.count = count
      let parts = slices(of: count, ranks: size)
      let own = parts[rank]
      self.own = own
      counts = parts.map { Int32($0.count) }
      offsets = parts.map { Int32($0.lowerBound) }
      receivedCounts = parts.map { _ in Int32(own.count) }
      receivedOffsets = parts.indices.map { Int32($0 * own.count) }
    }
  }

  /// - Parameters:
  ///   - sliceByteCount: what each member of the group owns of a piece, about. Members on one node exchange through the cache; a network
  ///     wants longer messages.
  ///   - maximumPieceByteCount: a limit to the whole piece.
  init(
    group: OpaquePointer, rank: Int, size: Int, precision: WirePrecision, sliceByteCount: Int, maximumPieceByteCount: Int
  ) {
    self.group = group
    self.rank = rank
    self.size = size
    self.precision = precision
    pieceFloatCount = max(1, min(max(size * sliceByteCount, 1 << 20), 1 << 24, maximumPieceByteCount) / 4)
    let elementByteCount = precision == .bfloat16 ? 2 : 4
    // Slices differ by a cache line of floats.
    received = HostBuffer(byteCount: size * (pieceFloatCount / size + 16) * elementByteCount)
    rounded = HostBuffer(byteCount: precision == .bfloat16 ? pieceFloatCount * 2 : 0)
    whole = Layout(count: pieceFloatCount, rank: rank, size: size)
    rest = Layout(count: 0, rank: rank, size: size)
  }

  /// What goes over the wire, for a log.
  var description: String {
    let bytes = pieceFloatCount * 4
    let extent = bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    return "MPI messages in pieces of \(extent)" + (precision == .bfloat16 ? ", rounded to bfloat16" : "")
  }

  /// Adds the floats of all ranks of the group, in place. Collective.
  func sum(_ floats: UnsafeMutablePointer<Float>, count: Int) throws {
    for piece in pieces(of: count, limit: pieceFloatCount) { try sumPiece(floats + piece.lowerBound, count: piece.count) }
  }

  /// The same for at most `pieceFloatCount` floats.
  func sumPiece(_ floats: UnsafeMutablePointer<Float>, count: Int) throws {
    if size == 1 || count == 0 { return }
    let layout = layout(count)
    switch precision {
    case .float32: try exchange(floats, layout)
    case .bfloat16:
      try rounded.withBytes { memory in
        guard let bits = memory.bindMemory(to: UInt16.self).baseAddress else { return }
        roundToBFloat16(floats, to: bits, count: count)
        try exchange(bits, layout)
        expandFromBFloat16(bits, to: floats, count: count)
      }
    }
  }

  private func layout(_ count: Int) -> Layout {
    if count == whole.count { return whole }
    if count != rest.count { rest = Layout(count: count, rank: rank, size: size) }
    return rest
  }

  private func exchange(_ floats: UnsafeMutablePointer<Float>, _ layout: Layout) throws {
    try received.withFloats { room in
      guard let base = room.baseAddress else { return }
      try exchange(longtail_mpi_float32, floats, base, layout)
      let sources = (0..<size).map { UnsafePointer(base + $0 * layout.own.count) }
      addInRankOrder(sources, into: [floats + layout.own.lowerBound], count: layout.own.count)
    }
    try share(longtail_mpi_float32, floats, layout)
  }

  private func exchange(_ bits: UnsafeMutablePointer<UInt16>, _ layout: Layout) throws {
    try received.withBytes { room in
      guard let base = room.bindMemory(to: UInt16.self).baseAddress else { return }
      try exchange(longtail_mpi_bits16, bits, base, layout)
      let sources = (0..<size).map { UnsafePointer(base + $0 * layout.own.count) }
      addInRankOrder(sources, into: bits + layout.own.lowerBound, count: layout.own.count)
    }
    try share(longtail_mpi_bits16, bits, layout)
  }

  private func exchange(
    _ type: longtail_mpi_type, _ values: UnsafeMutableRawPointer, _ received: UnsafeMutableRawPointer, _ layout: Layout
  ) throws {
    let code = longtail_mpi_exchange_slices(
      group, type, values, layout.counts, layout.offsets, received, layout.receivedCounts, layout.receivedOffsets)
    try MPILibrary.check(code, "MPI_Alltoallv", rank: rank)
  }

  private func share(_ type: longtail_mpi_type, _ values: UnsafeMutableRawPointer, _ layout: Layout) throws {
    let code = longtail_mpi_share_slices(group, type, values, layout.counts, layout.offsets)
    try MPILibrary.check(code, "MPI_Allgatherv", rank: rank)
  }
}
