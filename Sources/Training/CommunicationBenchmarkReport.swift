/// What `CommunicationBenchmark` found. Times in seconds.
public struct CommunicationBenchmarkReport: Sendable {
  /// One size of gradients.
  public struct Size: Sendable {
    /// Bytes that each rank holds.
    public var bytes: Int
    /// To sum them over the ranks, as training does.
    public var reduction: Double
    /// To copy them in memory, on all ranks at once.
    public var copy: Double
    /// One blocking `MPI_Allreduce`; nil where there is none to compare with.
    public var allReduce: Double?

    /// Collects the times.
    public init(bytes: Int, reduction: Double, copy: Double, allReduce: Double?) {
      (self.bytes, self.reduction, self.copy, self.allReduce) = (bytes, reduction, copy, allReduce)
    }

    /// Bytes a second that are summed: `bytes / reduction`.
    public var rate: Double { Double(bytes) / reduction }
    /// How many times as fast as one blocking `MPI_Allreduce`.
    public var speedup: Double? { allReduce.map { $0 / reduction } }
  }

  /// One length of the packed vector.
  public struct Packed: Sendable {
    /// Numbers of 8 bytes.
    public var numbers: Int
    /// To sum it over the ranks, in rank order.
    public var sum: Double
    /// One blocking `MPI_Allreduce` of as many floats of 4 bytes; nil where there is none to compare with.
    public var allReduce: Double?

    /// Collects the times.
    public init(numbers: Int, sum: Double, allReduce: Double?) { (self.numbers, self.sum, self.allReduce) = (numbers, sum, allReduce) }
  }

  /// Number of ranks.
  public var ranks = 0
  /// Number of hosts that they are on.
  public var hosts = 0
  /// Compute threads of rank zero.
  public var threads = 0
  /// How gradients are summed.
  public var reduction = ""
  /// The sizes of gradients, as asked.
  public var sizes: [Size] = []
  /// The lengths of the packed vector, as asked.
  public var packed: [Packed] = []

  /// An empty report.
  public init() {}

  /// The share of the bytes that each rank has to send and receive: 2(p - 1)/p.
  public var volumeFactor: Double { 2 * Double(ranks - 1) / Double(max(1, ranks)) }
  /// The least time for messages through memory: 2(p - 1)/p copies.
  public func bound(_ size: Size) -> Double { volumeFactor * size.copy }
  /// Bytes a second that each rank sends, and receives: 2(p - 1)/p `rate`.
  public func linkRate(_ size: Size) -> Double { volumeFactor * size.rate }
}
