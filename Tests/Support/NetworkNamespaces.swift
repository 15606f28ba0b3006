import Foundation

/// Network namespaces of this machine as hosts, by the script `Tests/Namespaces/hosts`; removed with all that runs on them at the end.
public final class NetworkNamespaces {
  /// Why there can be none here; nil where there can.
  public static let obstacle: String? = {
    guard Program.hasMPI else { return "mpirun is not on PATH: nothing here was tested" }
    guard let outcome = try? Program(script, ["check"]).wait(seconds: 30) else { return "\(script) cannot be run: nothing here was tested" }
    return outcome.exitCode == 0 ? nil : "\(outcome.errors.trimmingCharacters(in: .whitespacesAndNewlines)): nothing here was tested"
  }()

  /// The hosts' names.
  public let hosts: [String]
  private let name: String
  private let hostFile: String

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Namespaces/hosts").path

  /// Makes hosts.
  /// - Parameters:
  ///   - count: how many.
  ///   - rate: of each link in each direction, as `tc` has it.
  ///   - directory: where their host file is written.
  public init(_ count: Int, rate: String = "1gbit", directory: String) throws {
    // Other tests, and other runs of these, may have hosts too.
    name = "t" + String(UInt32.random(in: 0..<36 * 36 * 36 * 36), radix: 36)
    hosts = (1...count).map { [name] in "\(name)-\($0)" }
    hostFile = "\(directory)/hosts.txt"
    let made = try NetworkNamespaces.run(["up", name, String(count), rate])
    guard made.exitCode == 0 else { throw CocoaError(.fileWriteUnknown, userInfo: [NSLocalizedDescriptionKey: made.description]) }
    try NetworkNamespaces.run(["file", name]).output.write(toFile: hostFile, atomically: true, encoding: .utf8)
  }

  deinit { _ = try? NetworkNamespaces.run(["down", name]) }

  /// Starts a program that is built beside the tests, one rank on each host, from the first one.
  public func start(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Program {
    var words = ["exec", hosts[0], Program.mpirun ?? "mpirun", "--hostfile", hostFile, "-n", String(hosts.count), "--map-by", "node"]
    words += ["--bind-to", "none", "--mca", "plm_rsh_agent", "\(NetworkNamespaces.script) agent"]
    // A host that has gone is noticed after about five seconds, instead of as many minutes.
    words += ["--mca", "oob_tcp_keepalive_time", "2", "--mca", "oob_tcp_keepalive_intvl", "1", "--mca", "oob_tcp_keepalive_probes", "3"]
    return try Program(NetworkNamespaces.script, words + [try Program.path(of: program)] + arguments, environment: environment)
  }

  /// Takes a host's link down.
  public func cut(_ host: String) throws { _ = try NetworkNamespaces.run(["cut", host]) }

  /// The numbers of the processes that run on a host.
  public func processes(on host: String) throws -> [Int32] {
    let outcome = try Program("/usr/bin/env", ["ip", "netns", "pids", host]).wait(seconds: 30)
    return outcome.output.split(whereSeparator: \.isNewline).compactMap { Int32($0) }
  }

  private static func run(_ arguments: [String]) throws -> Program.Outcome { try Program(script, arguments).wait(seconds: 60) }
}
