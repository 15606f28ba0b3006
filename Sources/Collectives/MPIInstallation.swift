import Foundation
import Tensors

/// What MPI there is on this machine, found out without starting it.
public enum MPIInstallation {
  /// The name and version of the library that ranks would load, such as `Open MPI v4.1.4`. MPI is not initialized.
  /// - Throws: `mismatch` with the loader's reasons if there is no usable library.
  public static func libraryVersion() throws -> String {
    try MPILibrary.load(names: MPILibrary.names)
    return MPILibrary.version
  }

  /// The launcher's path, from `PATH`; nil if there is none.
  public static func launcher(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/mpirun" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The first line that `mpirun --version` prints. Starts a process, which a rank must not.
  /// - Throws: `inputOutput` if it cannot be started or fails.
  public static func launcherVersion(path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["--version"]
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw LongtailError(.inputOutput, "\(path) cannot be started: \(error.localizedDescription)")
    }
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let line = text.split(separator: "\n").first else {
      throw LongtailError(.inputOutput, "\(path) --version ended with code \(process.terminationStatus)")
    }
    return String(line)
  }

  /// The numbers of the first version in a text: `4.1.4` of `mpirun (Open MPI) 4.1.4` and of `Open MPI v4.1.4`; nil if there is none.
  public static func versionNumber(in text: String) -> String? {
    for word in text.split(whereSeparator: { $0.isWhitespace || $0 == "," || $0 == "(" || $0 == ")" }) {
      let digits = word.drop { $0 == "v" }.prefix { $0.isNumber || $0 == "." }
      if digits.contains("."), digits.first?.isNumber == true { return String(digits) }
    }
    return nil
  }
}
