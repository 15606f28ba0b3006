import CMPI
import Tensors

/// Open MPI's library, once it is loaded.
package enum MPILibrary {
  /// The names to look for: the one that Open MPI 4 to 6 install, then the one of the development package.
  static let names = ["libmpi.so.40", "libmpi.so"]

  nonisolated(unsafe) private static var isLoaded = false

  /// Loads the first library of `names` that is there and is an Open MPI.
  /// - Throws: `mismatch` with the loader's reason for each name.
  static func load(names: [String]) throws {
    if isLoaded { return }
    var reasons: [String] = []
    for name in names {
      let (code, reason) = text { longtail_mpi_load(name, $0, $1) }
      if code == 0 {
        isLoaded = true
        return
      }
      reasons.append(reason)
    }
    throw LongtailError(
      .mismatch, "Started by mpirun, but Open MPI's library cannot be loaded: \(reasons.joined(separator: "; ")).",
      advice: "Install Open MPI's runtime on this host (Debian and Ubuntu: openmpi-bin), or put the directory of the mpirun in use "
        + "on LD_LIBRARY_PATH. Without mpirun, one process needs no MPI at all.")
  }

  /// After this many more calls, one counts as failed although it was not. For tests of what then becomes of the other ranks.
  nonisolated(unsafe) package static var callsUntilFailure = Int.max

  /// Throws if an MPI call failed.
  static func check(_ code: Int32, _ call: String, rank: Int) throws {
    callsUntilFailure -= 1
    let internalError: Int32 = 17
    let code = callsUntilFailure == 0 ? internalError : code
    if code == 0 { return }
    let (_, description) = text { longtail_mpi_describe(code, $0, $1) }
    throw LongtailError(
      .inputOutput, "\(call) failed on rank \(rank): \(description).",
      advice: "Look for an earlier message of another rank or of mpirun: a rank that went away shows here too.")
  }

  /// The library's version, such as `Open MPI v4.1.4`.
  static var version: String {
    let (_, full) = text { longtail_mpi_version($0, $1) }
    return String(full.prefix { $0 != "," })
  }

  /// The directory that Open MPI keeps the files of shared windows in.
  static var windowDirectory: String {
    let (_, path) = text { longtail_mpi_window_directory($0, $1) }
    return path.isEmpty ? "/dev/shm" : path
  }

  /// Calls `body` with room for a C string, and returns what it returned and wrote.
  static func text<Result>(_ body: (UnsafeMutablePointer<CChar>, Int32) -> Result) -> (Result, String) {
    var room = [CChar](repeating: 0, count: 8192)
    let result = body(&room, Int32(room.count))
    return (result, String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
