import CMPI
import Tensors

extension MPICommunicator {
  /// Adds the vectors of all ranks, in rank order, in place.
  public func sum(_ values: inout [Double]) throws {
    try values.withUnsafeMutableBufferPointer { try sum($0) }
  }

  /// Adds the vectors of all ranks, in rank order, in place.
  public func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try fold(values, .sum) { $0 + $1 }
  }

  /// The least of each element over the ranks, in place; NaN wins.
  public func minimum(_ values: inout [Double]) throws {
    try values.withUnsafeMutableBufferPointer { try fold($0, .minimum) { $1.isNaN || $1 < $0 ? $1 : $0 } }
  }

  /// The greatest of each element over the ranks, in place; NaN wins.
  public func maximum(_ values: inout [Double]) throws {
    try values.withUnsafeMutableBufferPointer { try fold($0, .maximum) { $1.isNaN || $1 > $0 ? $1 : $0 } }
  }

  /// Adds the vectors of all ranks in place; wraps around on overflow.
  public func sum(_ values: inout [Int64]) throws {
    try issuing(.sumIntegers, values.count) { try reduce(&values, longtail_mpi_int64, longtail_mpi_add) }
  }

  /// Joins the bits of all ranks, in place.
  public func bitwiseOr(_ values: inout [UInt64]) throws {
    try issuing(.bitwiseOr, values.count) { try reduce(&values, longtail_mpi_uint64, longtail_mpi_or) }
  }

  /// Copies `bytes` of `root` to every rank, the length first.
  public func broadcast(_ bytes: inout [UInt8], from root: Int) throws {
    try checkRoot(root)
    try issuing(.broadcast, root) { try send(&bytes, from: root) }
  }

  private func send(_ bytes: inout [UInt8], from root: Int) throws {
    var length = rank == root ? Int64(bytes.count) : 0
    try MPILibrary.check(longtail_mpi_broadcast(world, &length, 8, Int32(root)), "MPI_Bcast", rank: rank)
    if rank != root { bytes = [UInt8](repeating: 0, count: Int(length)) }
    try bytes.withUnsafeMutableBytes { memory in
      for piece in pieces(of: memory.count, limit: maximumMessageByteCount) {
        let code = longtail_mpi_broadcast(world, memory.baseAddress?.advanced(by: piece.lowerBound), Int32(piece.count), Int32(root))
        try MPILibrary.check(code, "MPI_Bcast", rank: rank)
      }
    }
  }

  /// Collects the bytes of every rank at `root`, rank after rank.
  public func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
    try checkRoot(root)
    return try issuing(.gather, root) { try collect(bytes, at: root) }
  }

  private func collect(_ bytes: [UInt8], at root: Int) throws -> [[UInt8]] {
    var lengths = [Int64](repeating: 0, count: size)
    var own = Int64(bytes.count)
    try MPILibrary.check(longtail_mpi_gather_all(world, &own, 8, &lengths), "MPI_Allgather", rank: rank)
    if rank != root {
      try bytes.withUnsafeBytes { memory in
        for piece in pieces(of: memory.count, limit: maximumMessageByteCount) {
          let code = longtail_mpi_send(world, memory.baseAddress?.advanced(by: piece.lowerBound), Int32(piece.count), Int32(root))
          try MPILibrary.check(code, "MPI_Send", rank: rank)
        }
      }
      return []
    }
    return try lengths.enumerated().map { source, length in
      if source == root { return bytes }
      var received = [UInt8](repeating: 0, count: Int(length))
      try received.withUnsafeMutableBytes { memory in
        for piece in pieces(of: memory.count, limit: maximumMessageByteCount) {
          let code = longtail_mpi_receive(world, memory.baseAddress?.advanced(by: piece.lowerBound), Int32(piece.count), Int32(source))
          try MPILibrary.check(code, "MPI_Recv", rank: rank)
        }
      }
      return received
    }
  }

  /// Every rank gets the vectors of all, and combines them itself in rank order: MPI's own reductions recommend equal bits on all ranks,
  /// but do not promise them, and choose their order by size and number of ranks. Several nodes with several ranks combine on each first.
  private func fold(
    _ values: UnsafeMutableBufferPointer<Double>, _ operation: CollectiveOperation, _ combine: (Double, Double) -> Double
  ) throws {
    if size == 1 { return }
    try issuing(operation, values.count) { try fold(values, combine) }
  }

  private func fold(_ values: UnsafeMutableBufferPointer<Double>, _ combine: (Double, Double) -> Double) throws {
    if let nodeFold { return try nodeFold.fold(values, combine) }
    let limit = max(1, min(1 << 17, maximumMessageByteCount / 8) / size)
    for piece in pieces(of: values.count, limit: limit) {
      let count = piece.count
      if gathered.count < count * size { gathered = [Double](repeating: 0, count: count * size) }
      let own = values.baseAddress?.advanced(by: piece.lowerBound)
      try MPILibrary.check(longtail_mpi_gather_all(world, own, Int32(count * 8), &gathered), "MPI_Allgather", rank: rank)
      gathered.withUnsafeBufferPointer { all in
        for index in 0..<count {
          var result = all[index]
          for source in 1..<size where !result.isNaN { result = combine(result, all[source * count + index]) }
          values[piece.lowerBound + index] = result
        }
      }
    }
  }

  private func reduce<Element: FixedWidthInteger>(
    _ values: inout [Element], _ type: longtail_mpi_type, _ operation: longtail_mpi_operation
  ) throws {
    if size == 1 { return }
    try values.withUnsafeMutableBytes { memory in
      for piece in pieces(of: memory.count / 8, limit: max(1, maximumMessageByteCount / 8)) {
        let start = memory.baseAddress?.advanced(by: piece.lowerBound * 8)
        try MPILibrary.check(longtail_mpi_reduce(world, start, Int32(piece.count), type, operation), "MPI_Allreduce", rank: rank)
      }
    }
  }

  /// True on every rank if it is true on every rank. Collective.
  func allAgree(_ value: Bool) throws -> Bool {
    var flag: Int64 = value ? 1 : 0
    try MPILibrary.check(longtail_mpi_reduce(world, &flag, 1, longtail_mpi_int64, longtail_mpi_least), "MPI_Allreduce", rank: rank)
    return flag == 1
  }
}

/// Cuts `0..<count` into ranges of at most `limit`.
func pieces(of count: Int, limit: Int) -> [Range<Int>] {
  stride(from: 0, to: count, by: limit).map { $0..<min(count, $0 + limit) }
}
