import Foundation
import Tensors

/// Finds out from the environment how this process was started, and joins the group that it belongs to.
public enum Launcher {
  /// What the environment says.
  public enum Decision: Equatable, Sendable {
    /// No launcher: one process, and no MPI.
    case singleProcess
    /// Open MPI's launcher started this process.
    /// - Parameters:
    ///   - ranks: how many it promises; `nil` where it does not say.
    ///   - rank: this process's number, for messages before MPI is up.
    case openMPI(ranks: Int?, rank: Int?)
  }

  /// Reads the launcher's variables.
  ///
  /// `OMPI_COMM_WORLD_SIZE` is Open MPI's own, `PMIX_NAMESPACE` with `PMIX_RANK` that of Slurm's `srun --mpi=pmix`.
  /// Variables of other launchers would otherwise lead to many groups of one, each of which trains by itself, and are refused.
  /// - Throws: `mismatch` for values that make no sense and for other launchers.
  public static func decide(environment: [String: String]) throws -> Decision {
    if let size = environment["OMPI_COMM_WORLD_SIZE"] {
      guard let ranks = Int(size), ranks >= 1 else {
        throw LongtailError(
          .mismatch, "OMPI_COMM_WORLD_SIZE is '\(size)', which is not a number of ranks.",
          advice: "mpirun sets this variable; unset it to run a single process.")
      }
      return .openMPI(ranks: ranks, rank: environment["OMPI_COMM_WORLD_RANK"].flatMap { Int($0) })
    }
    if environment["PMIX_NAMESPACE"] != nil, let rank = environment["PMIX_RANK"].flatMap({ Int($0) }) {
      return .openMPI(ranks: environment["SLURM_STEP_NUM_TASKS"].flatMap { Int($0) }, rank: rank)
    }
    if let size = environment["MV2_COMM_WORLD_SIZE"] ?? environment["MPI_LOCALNRANKS"], Int(size) != 1, environment["PMI_SIZE"] == nil {
      throw foreign("this process is one of \(size) of another MPI")
    }
    if let rank = environment["RANK"], let size = environment["WORLD_SIZE"] {
      throw LongtailError(
        .mismatch, "RANK is \(rank) and WORLD_SIZE is \(size), but there is no mpirun: started by torchrun? use mpirun.",
        advice: "Launch/run -n \(size) ... does that. To run a single process, unset RANK and WORLD_SIZE.")
    }
    if let size = environment["PMI_SIZE"], Int(size) != 1 {
      throw foreign("PMI_SIZE is \(size)")
    }
    if let tasks = environment["SLURM_STEP_NUM_TASKS"].flatMap({ Int($0) }), tasks > 1 {
      throw LongtailError(
        .mismatch, "srun started \(tasks) tasks without PMIx, so that they cannot find each other.",
        advice: "Use mpirun inside the allocation (see Launch/slurm.sh), or srun --mpi=pmix.")
    }
    return .singleProcess
  }

  private static func foreign(_ evidence: String) -> LongtailError {
    LongtailError(
      .mismatch, "\(evidence): started by another MPI's mpiexec (MPICH, Intel MPI) or by srun --mpi=pmi2; Open MPI cannot join this.",
      advice: "Use Open MPI's mpirun, inside the allocation if there is one, or srun --mpi=pmix.")
  }

  /// This process's number and the number of ranks as any launcher gives them, for messages before MPI is up.
  static func promisedPlace(environment: [String: String]) -> (rank: Int?, size: Int?) {
    func first(_ names: String...) -> Int? { names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first }
    return (
      first("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID", "RANK"),
      first("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "WORLD_SIZE")
    )
  }

  /// Joins the group that this process was started in. Call once, from the compute thread.
  /// - Parameter environment: by default the process's own.
  /// - Returns: a `SingleProcess` without a launcher, else an `MPICommunicator`.
  /// - Throws: `mismatch` if the launcher is not Open MPI's, if its library cannot be loaded, or if it disagrees about the number of ranks.
  public static func connect(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Communicator {
    try connect(environment: environment, libraryNames: MPILibrary.names, simulatedRanksPerNode: nil)
  }

  /// As `connect(environment:)`, with other names for the library and with pretended nodes. For tests.
  package static func connect(
    environment: [String: String], libraryNames: [String], simulatedRanksPerNode: [Int]?, joining: WatchdogLimits = WatchdogLimits()
  ) throws -> Communicator {
    switch try decide(environment: environment) {
    case .singleProcess:
      return SingleProcess()
    case .openMPI(let promised, let rank):
      // One rank of each node speaks.
      let isFirst = environment["OMPI_COMM_WORLD_LOCAL_RANK"].map { $0 == "0" } ?? (rank == 0)
      let place = Watchdog.Place(rank: rank ?? 0, size: promised ?? 1, host: ProcessInfo.processInfo.hostName, nodes: 1)
      let communicator = try MPICommunicator(
        libraryNames: libraryNames, simulatedRanksPerNode: simulatedRanksPerNode, expected: isFirst ? place : nil, joining: joining)
      try check(promised: promised, rank: rank, found: communicator.size, version: communicator.libraryVersion)
      return communicator
    }
  }

  /// Compares the launcher's promise with what MPI says.
  /// - Parameters:
  ///   - promised: how many ranks; `nil` if it does not say.
  ///   - rank: this process's number; where the number of ranks is unknown, one beyond what MPI found gives it away.
  /// - Throws: `mismatch`, with advice about mixed installations.
  package static func check(promised: Int?, rank: Int? = nil, found: Int, version: String) throws {
    let least = promised ?? (rank ?? 0) + 1
    guard promised.map({ $0 != found }) ?? (least > found) else { return }
    throw LongtailError(
      .mismatch,
      "The launcher started \(promised == nil ? "at least " : "")\(least) ranks, but \(version) says that there \(found == 1 ? "is" : "are") \(found).",
      advice: "The mpirun in use and the libmpi that was loaded come from different installations. Compare `mpirun --version` with the "
        + "version above, on every host, and mend PATH or LD_LIBRARY_PATH.")
  }
}
