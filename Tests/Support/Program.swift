import Foundation

/// A program of this package that was started, and what it printed so far.
public final class Program {
  /// What a program left behind.
  public struct Outcome: CustomStringConvertible {
    /// The exit code; 128 and the signal's number where a signal ended it.
    public let exitCode: Int32
    /// Standard output.
    public let output: String
    /// Standard error.
    public let errors: String

    /// Everything, for messages.
    public var description: String { "exit code \(exitCode)\n\(output)\(errors)" }
  }

  /// `mpirun` on PATH, if there is one.
  public static let mpirun: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/mpirun" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }
  /// Whether there is one.
  public static let hasMPI = mpirun != nil
  /// The first number of its version: 4 of `mpirun (Open MPI) 4.1.4`; 0 where there is none.
  public static let openMPIVersion: Int = {
    guard let mpirun, let text = try? run(mpirun, ["--version"]).output else { return 0 }
    return text.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }()

  /// The process: that of `mpirun`, where there are ranks.
  public let process = Process()
  private let scratch: String

  /// Starts a program that is built beside the tests.
  /// - Parameters:
  ///   - name: `longtail`, or a probe; or the path of any other program.
  ///   - ranks: how many `mpirun` starts, also more than there are cores; nil runs without it.
  ///   - directory: the working directory.
  public init(_ name: String, _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], directory: String? = nil)
    throws
  {
    let path = name.hasPrefix("/") ? name : try Program.path(of: name)
    scratch = NSTemporaryDirectory() + "longtail-output-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)

    let launchers = ["OMPI_", "PRTE_", "PMIX_", "PMI_", "SLURM_", "OMP_"]
    var variables = ProcessInfo.processInfo.environment.filter { variable, _ in
      !launchers.contains { variable.hasPrefix($0) } && variable != "RANK" && variable != "WORLD_SIZE"
    }
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    // Containers often forbid what Open MPI would use otherwise: the first is for version 4, the second for later ones.
    variables["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none"
    variables["OMPI_MCA_smsc"] = "^cma"
    variables["OMP_WAIT_POLICY"] = "passive"
    // Two jobs that begin at once may both make the session directory that they share by default: the second then gives up.
    variables["OMPI_MCA_orte_tmpdir_base"] = scratch
    variables["PRTE_MCA_prte_tmpdir_base"] = scratch
    variables.merge(environment) { $1 }

    let program = ranks.map { [Program.mpirun ?? "mpirun", "--oversubscribe", "--bind-to", "none", "-n", String($0), path] } ?? [path]
    process.executableURL = URL(fileURLWithPath: program[0])
    process.arguments = program.dropFirst() + arguments
    process.environment = variables
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.standardInput = FileHandle.nullDevice
    // Files: a pipe would stay open as long as any grandchild lives.
    process.standardOutput = try file("output")
    process.standardError = try file("errors")
    try Program.withoutBlockedSignals { try process.run() }
  }

  /// Threads that run tests block most signals, and children inherit that: `mpirun` and shells would not hear when they are told to end.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var (none, former) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    try body()
  }

  deinit { try? FileManager.default.removeItem(atPath: scratch) }

  /// Where a program that is built beside the tests lies.
  public static func path(of name: String) throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// Waits for the end; a program that hangs is ended after so many seconds, which shows in its exit code.
  public func wait(seconds: Double = 120) -> Outcome {
    let process = process
    let deadline = DispatchWorkItem {
      process.terminate()
      sleep(5)
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: deadline)
    process.waitUntilExit()
    deadline.cancel()
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(exitCode: signal + process.terminationStatus, output: text("output"), errors: text("errors"))
  }

  /// Starts a program and waits for its end.
  public static func run(
    _ name: String, _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], directory: String? = nil
  ) throws -> Outcome {
    try Program(name, arguments, ranks: ranks, environment: environment, directory: directory).wait()
  }

  /// The process of a rank that `mpirun` has started, as soon as it is there.
  /// - Parameter mark: an argument of this job and of no other.
  public static func process(ofRank rank: Int, mark: String) -> Int32? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.lazy.compactMap { Int32($0) }.first { pid in
      func words(_ file: String) -> [String] {
        let data = FileManager.default.contents(atPath: "/proc/\(pid)/\(file)") ?? Data()
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      }
      return words("cmdline").contains(mark) && words("environ").contains("OMPI_COMM_WORLD_RANK=\(rank)")
    }
  }

  private func file(_ name: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: "\(scratch)/\(name)"))
    return try FileHandle(forWritingTo: URL(fileURLWithPath: "\(scratch)/\(name)"))
  }

  private func text(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: "\(scratch)/\(name)") ?? Data(), as: UTF8.self)
  }
}
