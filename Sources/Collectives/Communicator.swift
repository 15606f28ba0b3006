/// The group of processes that train one network together, and the only ways in which they exchange numbers.
///
/// All calls are blocking and collective: every rank makes the same calls in the same order with vectors of the same length, from its
/// compute thread. With one process every one of them does nothing. Results are the same bits on all ranks, and a function of the values in
/// rank order alone: they do not depend on which rank arrives first. Where several nodes have several ranks each, the ranks of a node
/// are added first, then the nodes, both in order.
public protocol Communicator: AnyObject {
  /// This process's number, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var size: Int { get }
  /// This process's number among those on its node, from 0, in order of `rank`.
  var localRank: Int { get }
  /// How many of the processes run on this node.
  var localSize: Int { get }
  /// The host of each rank, by rank.
  var hostNames: [String] { get }
  /// Whether rank zero runs on this node.
  var sharesNodeWithRoot: Bool { get }

  /// Adds the vectors of all ranks, in rank order, in place. Costs one message of `count * size` numbers: meant for packed statistics.
  func sum(_ values: inout [Double]) throws
  /// Adds the vectors of all ranks, in rank order, in place.
  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws
  /// Adds the vectors of all ranks in place; wraps around on overflow.
  func sum(_ values: inout [Int64]) throws
  /// The least of each element over the ranks, in place. A NaN on any rank makes that element NaN.
  func minimum(_ values: inout [Double]) throws
  /// The greatest of each element over the ranks, in place. A NaN on any rank makes that element NaN.
  func maximum(_ values: inout [Double]) throws
  /// Joins the bits of all ranks, in place: for flags that any rank may raise.
  func bitwiseOr(_ values: inout [UInt64]) throws

  /// Copies `bytes` of `root` to every rank. The receivers' content and length are replaced.
  func broadcast(_ bytes: inout [UInt8], from root: Int) throws
  /// Collects the bytes of every rank at `root`; lengths may differ.
  /// - Returns: one array per rank at `root`, nothing elsewhere.
  func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]]
  /// Returns when every rank has called it.
  func barrier() throws

  /// Makes a buffer whose content can be summed over the ranks fast: the place for gradients.
  ///
  /// Make one per network, not one per step: its memory may be given back only when the process ends.
  /// - Parameters:
  ///   - floatCount: the same on all ranks.
  ///   - wirePrecision: how numbers are written in messages between nodes; the same on all ranks.
  func reducibleBuffer(floatCount: Int, wirePrecision: WirePrecision) throws -> ReducibleBuffer

  /// Where this rank notes what it is doing, for the others of its node and for `watch`.
  var progress: ProgressBoard { get }
  /// Whether the ranks compare (number, operation, size) before each collective, and all throw `ranksDiverged` where they differ instead of
  /// waiting for each other forever. The same on all ranks. Costs one small message more for each collective.
  var checksCollectives: Bool { get set }
  /// The collectives that this rank has issued so far.
  var issuedCollectives: CollectiveRecord { get }

  /// Claims the right to report a failure. True for the first rank of a node that asks, false for the others.
  func claimFailureReport() -> Bool
  /// Ends all processes at once with this exit code. Not collective.
  func abort(code: Int32) -> Never
  /// Leaves the group in good order, when all ranks are done. Nothing but `abort` may be called afterwards.
  func finish() throws
}

extension Communicator {
  /// True on rank 0, the one that writes files and speaks to people.
  public var isRoot: Bool { rank == 0 }

  /// The host that this process runs on.
  public var hostName: String { hostNames[rank] }

  /// Number of different hosts.
  public var hostCount: Int { Set(hostNames).count }

  /// Makes a reducible buffer whose numbers go between nodes as they are, in float32.
  public func reducibleBuffer(floatCount: Int) throws -> ReducibleBuffer {
    try reducibleBuffer(floatCount: floatCount, wirePrecision: .float32)
  }

  /// Adds one number over the ranks.
  public func sum(_ value: Double) throws -> Double {
    var values = [value]
    try sum(&values)
    return values[0]
  }

  /// Collects the bytes of every rank on every rank.
  /// - Returns: one array per rank.
  public func gatherEverywhere(_ bytes: [UInt8]) throws -> [[UInt8]] {
    let pieces = try gather(bytes, to: 0)
    var lengths = [Int64](repeating: 0, count: size)
    lengths[rank] = Int64(bytes.count)
    try sum(&lengths)
    var all = pieces.flatMap { $0 }
    try broadcast(&all, from: 0)
    var start = 0
    return lengths.map { length in
      defer { start += Int(length) }
      return Array(all[start..<start + Int(length)])
    }
  }
}
