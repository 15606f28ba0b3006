import Collectives
import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

extension MachineCheck {
  /// Compares the MPI library that ranks would load with the launcher. One process needs neither.
  /// - Parameters:
  ///   - library: its version, or why there is none.
  ///   - launcher: what `mpirun --version` prints, or why it does not; nil where there is no `mpirun`.
  package static func messagePassing(library: Result<String, any Error>, launcher: Result<String, any Error>?) -> MachineCheck {
    let name = "MPI"
    let install = "One process needs no MPI. For more, install Open MPI (Debian and Ubuntu: openmpi-bin), or run Launch/bootstrap."
    let version: String
    switch library {
    case .failure(let error):
      return MachineCheck(name, .warning, "no library: \((error as? LongtailError)?.message ?? "\(error)")", advice: install)
    case .success(let found): version = found
    }
    switch launcher {
    case nil: return MachineCheck(name, .warning, "\(version), but there is no mpirun on PATH", advice: install)
    case .failure(let error):
      return MachineCheck(
        name, .warning, "\(version), but \((error as? LongtailError)?.message ?? "\(error)")", advice: "Run mpirun --version to see why.")
    case .success(let text):
      let (ours, theirs) = (MPIInstallation.versionNumber(in: version), MPIInstallation.versionNumber(in: text))
      guard text.contains("Open MPI") || text.contains("OpenRTE"), ours == theirs else {
        return MachineCheck(
          name, .problem, "the library is \(version), but mpirun says: \(text)",
          advice: "They come from different installations. Set PATH or LD_LIBRARY_PATH so that both are one Open MPI's.")
      }
      return MachineCheck(name, .ok, "\(version), mpirun of the same version")
    }
  }

  /// Looks at what keeps `mpirun` from starting or ranks from talking in containers, although both are installed.
  package static func container(_ files: SystemFiles, environment: [String: String], userIsRoot: Bool) -> MachineCheck {
    var notes: [String] = []
    var advice: [String] = []
    if userIsRoot, environment["OMPI_ALLOW_RUN_AS_ROOT"] != "1" || environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] != "1" {
      notes.append("mpirun refuses to run as root")
      advice.append("set OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
    }
    if environment["OMPI_MCA_btl_vader_single_copy_mechanism"] == nil, environment["OMPI_MCA_smsc"] == nil, !mayReadOtherProcesses(files) {
      notes.append("processes may not read each other's memory, which Open MPI tries")
      advice.append("set OMPI_MCA_btl_vader_single_copy_mechanism=none (Open MPI 4) and OMPI_MCA_smsc=^cma (5 and later)")
    }
    guard !notes.isEmpty else { return MachineCheck("permissions of ranks", .ok, "mpirun may start ranks, and they may read each other") }
    return MachineCheck(
      "permissions of ranks", .warning, notes.joined(separator: "; "),
      advice: "Launch/run takes care of this. With mpirun itself: \(advice.joined(separator: "; ")).")
  }

  /// A system call filter usually forbids it to processes without the right to trace others, and Yama does from level 2 on.
  private static func mayReadOtherProcesses(_ files: SystemFiles) -> Bool {
    var values: [String: String] = [:]
    for line in (files.text("proc/self/status") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { values[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    if let capabilities = values["CapEff"].flatMap({ UInt64($0, radix: 16) }), capabilities >> 19 & 1 == 1 { return true }
    let scope = files.text("proc/sys/kernel/yama/ptrace_scope").flatMap { Int($0) } ?? 0
    return (values["Seccomp"] ?? "0") == "0" && scope < 2
  }

  /// Describes the ranks that take part.
  package static func ranks(_ communicator: any Communicator) -> MachineCheck {
    guard communicator.size > 1 else {
      return MachineCheck("ranks", .ok, "one process on \(communicator.hostName)")
    }
    var perHost: [(host: String, ranks: Int)] = []
    for host in communicator.hostNames {
      if let place = perHost.firstIndex(where: { $0.host == host }) { perHost[place].ranks += 1 } else { perHost.append((host, 1)) }
    }
    let list = perHost.map { "\($0.host) (\($0.ranks))" }.joined(separator: ", ")
    let uneven = Set(perHost.map(\.ranks)).count > 1
    return MachineCheck(
      "ranks", uneven ? .warning : .ok, "\(communicator.size) on \(perHost.count == 1 ? "one host" : "\(perHost.count) hosts"): \(list)",
      advice: uneven ? "Hosts with unequally many ranks sum gradients more slowly. Give each the same number of slots." : nil)
  }
}
