import Foundation

/// Runs the built `longtail`, which lies in the build directory beside this test bundle.
enum LongtailProcess {
  struct Outcome {
    var exitCode: Int32
    var output: String
    var errors: String
  }

  static let hasMPI = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/mpirun") }

  /// - Parameters:
  ///   - ranks: started by `mpirun`, which may be more than there are cores; nil starts the program itself.
  ///   - environment: variables beside those of this process, launchers' aside.
  ///   - directory: the working directory.
  static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], directory: String? = nil
  ) throws -> Outcome {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("longtail").path
    let launchers = ["OMPI_", "PMIX_", "PMI_", "SLURM_", "OMP_"]
    var variables = ProcessInfo.processInfo.environment.filter { variable, _ in
      !launchers.contains { variable.hasPrefix($0) } && variable != "RANK" && variable != "WORLD_SIZE"
    }
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    variables["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none"
    variables["OMP_WAIT_POLICY"] = "passive"
    variables.merge(environment) { $1 }

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = (ranks.map { ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", String($0)] } ?? []) + [program] + arguments
    process.environment = variables
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // A job that hangs is a failure to be seen, not one to wait for.
    let deadline = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 120, execute: deadline)
    // What goes to standard error here is far less than a pipe holds.
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    deadline.cancel()
    return Outcome(exitCode: process.terminationStatus, output: text, errors: errorText)
  }

  /// The JSON object in a text.
  static func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }
}
