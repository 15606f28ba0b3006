import Collectives
import Tensors
import Threading

/// Times the sums over ranks that a training step makes: of gradients, and of small packed vectors.
///
/// Beside each size of gradients stand a memory copy of as many bytes by all ranks at once, and one blocking `MPI_Allreduce`; the three
/// take turns, so that whatever else the machine does hits them alike. A time is the median over repetitions of the slowest rank's.
///
/// To add n bytes over p ranks each rank has to send and receive 2(p - 1)/p n at least. `bound` is what that takes at the speed of the
/// memory copy: the least for ranks that exchange messages through memory.
package struct CommunicationBenchmark {
  /// What is timed.
  package struct Options: Sendable {
    /// Bytes of gradients, each at least 4; rounded down to whole floats.
    package var byteCounts = [10, 14, 18, 20, 22, 24, 26].map { 1 << $0 } + [100 << 20]
    /// Numbers of a packed vector.
    package var packedCounts = [8, 32, 128, 512, 4096]
    /// How gradients are written between nodes.
    package var wirePrecision = WirePrecision.float32

    /// 1 KiB to 100 MiB.
    package init() {}
  }

  private let options: Options

  /// Checks the sizes.
  /// - Throws: `LongtailError` with code `usage`.
  package init(_ options: Options) throws {
    for bytes in options.byteCounts where bytes < 4 {
      throw LongtailError(.usage, "--bytes has \(bytes), but a float takes 4 bytes")
    }
    for count in options.packedCounts where count < 1 {
      throw LongtailError(.usage, "--numbers has \(count), but a vector has at least 1 number")
    }
    self.options = options
  }

  /// Measures. Collective.
  /// - Returns: the result on rank zero, nil on the others.
  /// - Throws: `LongtailError`: `usage` for a single rank, `internalError` when a sum is wrong, else from MPI.
  package func run(_ communicator: any Communicator) throws -> CommunicationBenchmarkReport? {
    guard communicator.size > 1 else {
      throw LongtailError(
        .usage, "bench comm measures sums over ranks, but there is one rank", advice: "Launch/run -n 2 bench comm starts two.")
    }
    let largest = (options.byteCounts.max() ?? 4) / 4
    let reducible = try communicator.reducibleBuffer(floatCount: largest, wirePrecision: options.wirePrecision)
    try checkSum(reducible, communicator)
    let spare = HostBuffer(floatCount: largest)
    var report = CommunicationBenchmarkReport()
    report.ranks = communicator.size
    report.hosts = communicator.hostCount
    report.threads = ComputePool.threadCount
    report.reduction = reducible.strategy
    for bytes in options.byteCounts {
      report.sizes.append(try measure(floats: bytes / 4, reducible, spare, communicator))
    }
    for count in options.packedCounts { report.packed.append(try measure(numbers: count, spare, communicator)) }
    return communicator.isRoot ? report : nil
  }

  private func measure(
    floats: Int, _ reducible: any ReducibleBuffer, _ spare: HostBuffer, _ communicator: any Communicator
  ) throws -> CommunicationBenchmarkReport.Size {
    var ways: [() throws -> Void] = [
      { try reducible.sum(0..<floats) },
      { CommunicationBenchmark.copy(from: reducible.buffer, to: spare, floatCount: floats) },
    ]
    if let communicator = communicator as? MPICommunicator { ways.append { try communicator.allReduce(spare, floatCount: floats) } }
    let seconds = try medians(of: ways, communicator)
    return CommunicationBenchmarkReport.Size(
      bytes: floats * 4, reduction: seconds[0], copy: seconds[1], allReduce: seconds.count > 2 ? seconds[2] : nil)
  }

  private func measure(
    numbers: Int, _ spare: HostBuffer, _ communicator: any Communicator
  ) throws -> CommunicationBenchmarkReport.Packed {
    var packed = [Double](repeating: 0, count: numbers)
    var ways: [() throws -> Void] = [{ try communicator.sum(&packed) }]
    let isComparable = numbers <= spare.floatCount
    if isComparable, let communicator = communicator as? MPICommunicator {
      ways.append { try communicator.allReduce(spare, floatCount: numbers) }
    }
    let seconds = try medians(of: ways, communicator)
    return CommunicationBenchmarkReport.Packed(numbers: numbers, sum: seconds[0], allReduce: seconds.count > 1 ? seconds[1] : nil)
  }

  /// Seconds of each way: the median over rounds of the slowest rank.
  ///
  /// As many rounds as fit into about a second, but 9 at least and 200 at most. Short ways are repeated within a round, since a barrier
  /// lets ranks go at slightly different times.
  private func medians(of ways: [() throws -> Void], _ communicator: any Communicator) throws -> [Double] {
    let clock = ContinuousClock()
    func time(_ way: () throws -> Void, _ repetitions: Int) throws -> Double {
      try communicator.barrier()
      let start = clock.now
      for _ in 0..<repetitions { try way() }
      return start.duration(to: clock.now).inSeconds / Double(repetitions)
    }
    // The first round warms up: connections are made lazily.
    for way in ways { _ = try time(way, 1) }
    var once = [try ways.reduce(0.0) { try $0 + time($1, 1) }]
    try communicator.maximum(&once)
    let inner = Int(min(50, max(1, 200e-6 / once[0])))
    let rounds = Int(min(200, max(9, 1 / (once[0] * Double(inner)))))
    var seconds = [[Double]](repeating: [], count: ways.count)
    for _ in 0..<rounds {
      for (index, way) in ways.enumerated() { seconds[index].append(try time(way, inner)) }
    }
    return try seconds.map { values in
      var slowest = values
      try communicator.maximum(&slowest)
      return slowest.median ?? 0
    }
  }

  /// Timing a wrong sum would be useless. Leaves the buffer zero, which stays so however often it is summed.
  private func checkSum(_ reducible: any ReducibleBuffer, _ communicator: any Communicator) throws {
    let count = reducible.buffer.floatCount
    reducible.buffer.withFloats { $0.update(repeating: Float(communicator.rank + 1)) }
    try reducible.sum()
    let found = reducible.buffer.withFloats { floats in [0, count / 2, count - 1].map { floats[$0] } }
    // Small whole numbers; bfloat16 rounds what is beyond 256.
    let expected = Float(communicator.size * (communicator.size + 1) / 2)
    guard found.allSatisfy({ abs($0 - expected) <= expected / 64 }) else {
      throw LongtailError(.internalError, "the sum of \(count) floats over the ranks is \(found), not \(expected)")
    }
    reducible.buffer.withFloats { $0.update(repeating: 0) }
    try communicator.barrier()
  }

  /// Copies floats with all compute threads of this rank.
  static func copy(from source: HostBuffer, to destination: HostBuffer, floatCount: Int) {
    source.withFloats { source in
      destination.withFloats { destination in
        guard let from = source.baseAddress, let to = destination.baseAddress else { return }
        ComputePool.forEachRange(of: floatCount, minimum: 1 << 15, alignment: 16) { range in
          (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
        }
      }
    }
  }
}
