import CMPI
import CWatchdog
import Foundation
import Tensors

/// The processes that `mpirun` started, joined by Open MPI.
///
/// Errors of MPI come back as `LongtailError`; after one the group is broken, and the job has to end (`FailureHandler`).
public final class MPICommunicator: Communicator {
  /// This process's number in MPI's world.
  public let rank: Int
  /// Number of processes in MPI's world.
  public let size: Int
  /// This process's number on its node.
  public let localRank: Int
  /// Number of processes on this node.
  public let localSize: Int
  /// The host of each rank, as MPI names it.
  public let hostNames: [String]
  /// Whether rank zero runs on this node.
  public let sharesNodeWithRoot: Bool
  /// The library's name and version, for the records of a run.
  public let libraryVersion: String

  /// Where this rank notes what it is doing: in memory that the ranks of its node share, where there is any.
  public let progress: ProgressBoard
  /// Whether the ranks compare what they are about to do before each collective.
  public var checksCollectives = false
  /// The collectives that this rank has issued so far.
  public private(set) var issuedCollectives = CollectiveRecord()

  /// Messages are cut into pieces of at most this many bytes: MPI counts in 32 bits. Smaller in tests.
  package var maximumMessageByteCount = 1 << 30
  /// Shared windows are not used although they could be. For tests, and for machines where they misbehave.
  package var avoidsWindows = false

  let world: OpaquePointer
  let node: OpaquePointer
  /// The ranks with this local rank on all nodes, for the first `laneCount` local ranks; a group without use for the others.
  let peers: OpaquePointer
  /// Ranks of the node of each rank.
  package let localSizes: [Int]
  /// Ranks of the smallest node.
  let laneCount: Int
  let nodeCount: Int
  let rankAmongPeers: Int

  var gathered: [Double] = []
  /// How small vectors are combined where several nodes have several ranks each and can share memory.
  private(set) var nodeFold: NodeFold?
  /// Whether vectors are combined on each node first, and then over the nodes.
  package var foldsOnNodes: Bool { nodeFold != nil }
  private var claim: UnsafeMutableRawPointer?
  private var isFinished = false

  /// Loads Open MPI and starts it. Once per process.
  /// - Parameters:
  ///   - libraryNames: names to look for.
  ///   - simulatedRanksPerNode: pretends that nodes have these numbers of ranks, in the order of the ranks; the last
  ///     number counts for all further nodes. For tests.
  ///   - expected: what the launcher says about this process, for a line when MPI does not bring the ranks together in time.
  ///   - joining: how long that may take.
  /// - Throws: `mismatch` if there is no usable library, `inputOutput` if MPI does not start.
  package init(
    libraryNames: [String], simulatedRanksPerNode: [Int]? = nil, expected: Watchdog.Place? = nil,
    joining: WatchdogLimits = WatchdogLimits()
  ) throws {
    try MPILibrary.load(names: libraryNames)
    let arrival = ProgressBoard(rank: expected?.rank ?? 0)
    arrival.enter(.join)
    if let expected { arrival.watch(expected, joining, crashDirectory: nil) }
    defer { arrival.stopWatching() }
    try MPILibrary.check(longtail_mpi_initialize(), "MPI_Init_thread", rank: 0)
    libraryVersion = MPILibrary.version
    world = longtail_mpi_world()
    (rank, size) = try Self.position(in: world)

    progress = ProgressBoard(rank: rank)

    var part: OpaquePointer?
    if let simulatedRanksPerNode {
      try MPILibrary.check(
        longtail_mpi_split(world, Int32(Self.node(of: rank, sizes: simulatedRanksPerNode)), Int32(rank), &part), "MPI_Comm_split",
        rank: rank)
    } else {
      try MPILibrary.check(longtail_mpi_split_by_node(world, Int32(rank), &part), "MPI_Comm_split_type", rank: rank)
    }
    guard let part else { throw LongtailError(.internalError, "MPI gave rank \(rank) no group for its node.") }
    node = part
    (localRank, localSize) = try Self.position(in: node)
    var first = Int64(rank)
    try MPILibrary.check(longtail_mpi_reduce(node, &first, 1, longtail_mpi_int64, longtail_mpi_least), "MPI_Allreduce", rank: rank)
    sharesNodeWithRoot = first == 0

    let places = try Self.places(world: world, rank: rank, size: size, localRank: localRank, localSize: localSize)
    hostNames = places.map(\.host)
    nodeCount = places.count { $0.localRank == 0 }
    localSizes = places.map(\.localSize)
    laneCount = localSizes.min() ?? 1
    var across: OpaquePointer? = world
    if nodeCount > 1 {
      try MPILibrary.check(
        longtail_mpi_split(world, Int32(min(localRank, laneCount)), Int32(rank), &across), "MPI_Comm_split", rank: rank)
    }
    guard let across else { throw LongtailError(.internalError, "MPI gave rank \(rank) no group for its peers.") }
    peers = across
    rankAmongPeers = try Self.position(in: across).rank
    // A word per node, by which the first failing rank is distinguished from those that fail because of it, and what each rank is doing.
    let window = try sharedWindow(byteCount: 128 + ProgressBoard.byteCount)
    if let base = window.base {
      claim = base(0)
      progress.join(localRank: localRank, parts: (0..<localSize).map { base($0) + 128 })
    }
    if nodeCount > 1, nodeCount < size,
      case .window(let window) = try sharedWindow(byteCount: NodeFold.capacity * MemoryLayout<Double>.stride)
    {
      nodeFold = NodeFold(self, window)
    }
  }

  /// The pretended node that a rank is on.
  private static func node(of rank: Int, sizes: [Int]) -> Int {
    var (node, first) = (0, 0)
    while true {
      let size = max(1, node < sizes.count ? sizes[node] : sizes.last ?? 1)
      if rank < first + size { return node }
      first += size
      node += 1
    }
  }

  private static func position(in group: OpaquePointer) throws -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try MPILibrary.check(longtail_mpi_rank(group, &rank), "MPI_Comm_rank", rank: 0)
    try MPILibrary.check(longtail_mpi_size(group, &size), "MPI_Comm_size", rank: Int(rank))
    return (Int(rank), Int(size))
  }

  private struct Place {
    var host: String
    var localRank: Int
    var localSize: Int
  }

  private static func places(world: OpaquePointer, rank: Int, size: Int, localRank: Int, localSize: Int) throws -> [Place] {
    let (code, host) = MPILibrary.text { longtail_mpi_host($0, $1) }
    try MPILibrary.check(code, "MPI_Get_processor_name", rank: rank)
    let length = 256
    var name = Array(host.utf8.prefix(length))
    name.append(contentsOf: [UInt8](repeating: 0, count: length - name.count))
    var names = [UInt8](repeating: 0, count: length * size)
    try MPILibrary.check(longtail_mpi_gather_all(world, name, Int32(length), &names), "MPI_Allgather", rank: rank)
    let numbers = [Int64(localRank), Int64(localSize)]
    var allNumbers = [Int64](repeating: 0, count: 2 * size)
    try MPILibrary.check(longtail_mpi_gather_all(world, numbers, 16, &allNumbers), "MPI_Allgather", rank: rank)
    return (0..<size).map { index in
      let host = names[index * length..<(index + 1) * length].prefix { $0 != 0 }
      return Place(
        host: String(decoding: host, as: UTF8.self), localRank: Int(allNumbers[2 * index]), localSize: Int(allNumbers[2 * index + 1]))
    }
  }

  /// Claims the right to report a failure on this node.
  public func claimFailureReport() -> Bool {
    guard let claim, !isFinished else { return true }
    return longtail_claim(claim) == 0
  }

  /// Returns when every rank has called it.
  public func barrier() throws {
    try issuing(.barrier, 0) {
      try MPILibrary.check(longtail_mpi_barrier(world), "MPI_Barrier", rank: rank)
    }
  }

  /// Ends all processes through `MPI_Abort`; `mpirun` exits with this code.
  public func abort(code: Int32) -> Never {
    // Should MPI hang, too.
    longtail_exit_within(code, 10)
    if !isFinished { longtail_mpi_abort(code) }
    exit(code)
  }

  /// Counts a collective of all ranks, has them compare it where that is wanted, and notes that this rank waits in it while `body` runs.
  /// - Parameter size: elements, or the root where sizes may differ over ranks.
  /// - Throws: `ranksDiverged` on all ranks if they are about to do different things; what `body` throws.
  func issuing<Result>(_ operation: CollectiveOperation, _ size: Int, _ body: () throws -> Result) throws -> Result {
    issuedCollectives.add(operation, size: size)
    progress.issue(operation, count: size)
    if checksCollectives, self.size > 1 { try compare(operation, size) }
    let result = try body()
    progress.complete()
    return result
  }

  private func compare(_ operation: CollectiveOperation, _ size: Int) throws {
    let state = progress.own
    let own = CollectiveCall(
      sequence: issuedCollectives.count, operation: operation, size: size, phase: state.phase, step: state.step)
    let length = CollectiveCall.packedCount
    var all = [Int64](repeating: 0, count: length * self.size)
    try MPILibrary.check(longtail_mpi_gather_all(world, own.packed, Int32(8 * length), &all), "MPI_Allgather", rank: rank)
    let calls = (0..<self.size).map { CollectiveCall(packed: all[$0 * length..<($0 + 1) * length]) }
    if let error = CollectiveCall.disagreement(calls) { throw error }
  }

  /// Calls `MPI_Finalize`, when all ranks do. A second call does nothing.
  public func finish() throws {
    if isFinished { return }
    progress.enter(.finish)
    // A rank that still waits in something else is found out here rather than inside MPI_Finalize.
    try issuing(.finish, 0) {
      try MPILibrary.check(longtail_mpi_barrier(world), "MPI_Barrier", rank: rank)
    }
    isFinished = true
    // The shared memory goes away with MPI; the watch over this process goes on until that is done.
    progress.leave()
    try MPILibrary.check(longtail_mpi_finalize(), "MPI_Finalize", rank: rank)
    progress.stopWatching()
  }
}
