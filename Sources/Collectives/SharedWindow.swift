import CMPI
import Glibc
import Tensors

/// Memory that all ranks of a node can read and write: each has a part of its own.
///
/// It stays mapped until the process ends: giving a window back is a collective call, and the end of an object's life is not.
final class SharedWindow {
  private let handle: OpaquePointer
  private let rank: Int
  /// First byte of each local rank's part, aligned to 4096.
  let bases: [UnsafeMutableRawPointer]

  static let pageByteCount = 4096

  /// What a part of `byteCount` takes, with room to align it: Open MPI puts a header in front.
  static func paddedByteCount(_ byteCount: Int) -> Int {
    (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount + pageByteCount
  }

  init(handle: OpaquePointer, rank: Int, localRank: Int, localSize: Int, byteCount: Int) throws {
    self.handle = handle
    self.rank = rank
    bases = try (0..<localSize).map { owner in
      var base: UnsafeMutableRawPointer?
      try MPILibrary.check(longtail_mpi_window_base(handle, Int32(owner), &base), "MPI_Win_shared_query", rank: rank)
      // Every process maps the window at a page boundary, so rounding up finds the same byte in each.
      guard let base else { throw LongtailError(.internalError, "Rank \(rank) cannot see the window of local rank \(owner).") }
      return base.alignedUp(toMultipleOf: Self.pageByteCount)
    }
    // Touching the pages first also places them near the core that will use them.
    bases[localRank].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// Makes this rank's stores visible, waits for all ranks of the node, and makes theirs readable.
  func fence(_ node: OpaquePointer) throws {
    try MPILibrary.check(longtail_mpi_window_synchronize(handle), "MPI_Win_sync", rank: rank)
    try MPILibrary.check(longtail_mpi_barrier(node), "MPI_Barrier", rank: rank)
    try MPILibrary.check(longtail_mpi_window_synchronize(handle), "MPI_Win_sync", rank: rank)
  }
}

extension MPICommunicator {
  /// A window, or why there is none.
  enum WindowOutcome {
    case window(SharedWindow)
    case refused(reason: String)

    /// Finds the part of a local rank.
    var base: ((Int) -> UnsafeMutableRawPointer)? {
      if case .window(let window) = self { return { window.bases[$0] } }
      return nil
    }
  }

  /// Allocates a window with `byteCount` bytes a rank on every node, or on none. Collective over all ranks.
  ///
  /// Open MPI 4.1 creates the window's file on the node's first rank alone: if that fails, the others wait forever, and if the file system
  /// is full they die of SIGBUS. So the room is checked first, and all ranks agree before anyone goes on.
  func sharedWindow(byteCount: Int) throws -> WindowOutcome {
    let part = SharedWindow.paddedByteCount(byteCount)
    let directory = MPILibrary.windowDirectory
    let reason = localRank == 0 ? Self.shortage(in: directory, byteCount: part * localSize) : nil
    if try !allAgree(reason == nil) {
      let reasons = try gatherEverywhere(Array((reason ?? "").utf8))
      let first = reasons.enumerated().first { !$1.isEmpty }
      let text = first.map { "\(String(decoding: $1, as: UTF8.self)) on \(hostNames[$0])" }
      return .refused(reason: text ?? "no room for it")
    }
    var handle: OpaquePointer?
    let code = longtail_mpi_window_allocate(node, Int64(part), &handle)
    if try !allAgree(code == 0 && handle != nil) {
      return .refused(reason: "Open MPI cannot make one with its present settings")
    }
    guard let handle else { return .refused(reason: "Open MPI returned none") }
    let window = try SharedWindow(handle: handle, rank: rank, localRank: localRank, localSize: localSize, byteCount: byteCount)
    try window.fence(node)
    return .window(window)
  }

  /// Why a window of `byteCount` bytes cannot have its file in `directory`; `nil` if it can.
  package static func shortage(in directory: String, byteCount: Int) -> String? {
    var status = statvfs()
    if statvfs(directory, &status) != 0 { return "\(directory), where Open MPI puts it, cannot be read" }
    if access(directory, W_OK) != 0 { return "\(directory), where Open MPI puts it, cannot be written" }
    // A tenth on top, for other users of the directory: Open MPI's own message queues, other jobs.
    let needed = byteCount + byteCount / 10 + (1 << 20)
    let free = Int(status.f_bavail) * Int(status.f_frsize)
    if free >= needed { return nil }
    return "\(directory) has \(free >> 20) MiB free of the \(needed >> 20) MiB needed"
  }
}
