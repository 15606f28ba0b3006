import Foundation

/// What a run of the probe left behind.
struct ProbeOutcome {
  var exitCode: Int32
  var output: String
}

/// Runs the helper program `CollectivesProbe`, which lies in the build directory beside this test bundle.
enum ProbeRunner {
  /// `mpirun` on PATH, if there is one.
  static let mpirun: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/mpirun" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  static let hasMPI = mpirun != nil

  /// Runs checks in one process, without a launcher.
  static func alone(_ checks: String, environment: [String: String] = [:]) throws -> ProbeOutcome {
    try run(try probe(), [checks], environment)
  }

  /// Runs checks on every rank of an `mpirun` that may have more ranks than the machine has cores.
  /// - Parameters:
  ///   - ranks: number of ranks.
  ///   - ranksPerNode: pretends that the first so many ranks are on a node of their own, and so on; the last number counts for the rest.
  ///   - options: further options of mpirun.
  static func everyRank(
    _ checks: String, ranks: Int, ranksPerNode: [Int]? = nil, options: [String] = [], environment: [String: String] = [:]
  ) throws -> ProbeOutcome {
    let program = [try probe(), checks] + (ranksPerNode.map { [$0.map(String.init).joined(separator: ",")] } ?? [])
    return try run(mpirun ?? "mpirun", ["--oversubscribe", "-n", String(ranks)] + options + program, environment)
  }

  private static func probe() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("CollectivesProbe").path
  }

  private static func run(_ program: String, _ arguments: [String], _ environment: [String: String]) throws -> ProbeOutcome {
    let launcherPrefixes = ["OMPI_", "PRTE_", "PMIX_", "PMI_", "SLURM_", "OMP_"]
    var variables = ProcessInfo.processInfo.environment.filter { variable, _ in
      !launcherPrefixes.contains { variable.hasPrefix($0) } && variable != "RANK" && variable != "WORLD_SIZE"
    }
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    // Two jobs that begin at once may both make the session directory that they share by default: the second then gives up.
    let session = NSTemporaryDirectory() + "longtail-probe-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: session, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: session) }
    variables["OMPI_MCA_orte_tmpdir_base"] = session
    variables["PRTE_MCA_prte_tmpdir_base"] = session
    variables.merge(environment) { $1 }

    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    // Threads that run tests block most signals, and children inherit that: `mpirun` would not hear when it is told to end.
    var (none, former) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    try process.run()
    // A job that hangs is a failure to be seen, not one to wait for.
    let deadline = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: deadline)
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    deadline.cancel()
    return ProbeOutcome(exitCode: process.terminationStatus, output: output)
  }
}
