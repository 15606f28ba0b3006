/// What `CommunicationBenchmark` found. Times in seconds.
package struct CommunicationBenchmarkReport: Sendable {
  /// One size of gradients.
  package struct Size: Sendable {
    /// Bytes that each rank holds.
    package var bytes: Int
    /// To sum them over the ranks, as training does.
    package var reduction: Double
    /// To copy them in memory, on all ranks at once.
    package var copy: Double
    /// One blocking `MPI_Allreduce`; nil where there is none to compare with.
    package var allReduce: Double?

    /// Collects the times.
    package init(bytes: Int, reduction: Double, copy: Double, allReduce: Double?) {
      (self.bytes, self.reduction, self.copy, self.allReduce) = (bytes, reduction, copy, allReduce)
    }

    /// Bytes a second that are summed: `bytes / reduction`.
    package var rate: Double { Double(bytes) / reduction }
    /// How many times as fast as one blocking `MPI_Allreduce`.
    package var speedup: Double? { allReduce.map { $0 / reduction } }
  }

  /// One length of the packed vector.
  package struct Packed: Sendable {
    /// Numbers of 8 bytes.
    package var numbers: Int
    /// To sum it over the ranks, in rank order.
    package var sum: Double
    /// One blocking `MPI_Allreduce` of as many floats of 4 bytes; nil where there is none to compare with.
    package var allReduce: Double?

    /// Collects the times.
    package init(numbers: Int, sum: Double, allReduce: Double?) { (self.numbers, self.sum, self.allReduce) = (numbers, sum, allReduce) }
  }

  /// Number of ranks.
  package var ranks = 0
  /// Number of hosts that they are on.
  package var hosts = 0
  /// Compute threads of rank zero.
  package var threads = 0
  /// How gradients are summed.
  package var reduction = ""
  /// The sizes of gradients, as asked.
  package var sizes: [Size] = []
  /// The lengths of the packed vector, as asked.
  package var packed: [Packed] = []

  /// An empty report.
  package init() {}

  /// The share of the bytes that each rank has to send and receive: 2(p - 1)/p.
  package var volumeFactor: Double { 2 * Double(ranks - 1) / Double(max(1, ranks)) }
  /// The least time for messages through memory: 2(p - 1)/p copies.
  package func bound(_ size: Size) -> Double { volumeFactor * size.copy }
  /// Bytes a second that each rank sends, and receives: 2(p - 1)/p `rate`.
  package func linkRate(_ size: Size) -> Double { volumeFactor * size.rate }
}
