import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

/// `longtail doctor`: what would keep a run from working well here.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Looks at this machine, and at a configuration's data and memory, and says what to do.",
    discussion:
      "Under mpirun it looks at the ranks too. Exits with 0 if there is no problem, with 70 if there is one; warnings do not count.")

  @Argument(help: "A configuration whose data and memory are looked at too.", completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Flag(help: "Prints one JSON object instead of lines.")
  var json = false

  func validate() throws {
    if config == nil, !overrides.isEmpty { throw ValidationError("--set changes a configuration, but none is named.") }
  }

  func run() throws {
    do {
      _ = try Launcher.decide(environment: ProcessInfo.processInfo.environment)
    } catch {
      // Other launchers are a finding here, not a reason to stop.
      let checks = try checks(SingleProcess(), launcher: error)
      if finish(checks) { throw ExitCode(LongtailError.Code.internalError.rawValue) }
      return
    }
    var hasProblem = false
    Job.run { communicator in
      let checks = try checks(communicator, launcher: nil)
      if communicator.isRoot { hasProblem = finish(checks) }
    }
    if hasProblem { throw ExitCode(LongtailError.Code.internalError.rawValue) }
  }

  /// Prints the findings; true if one is a problem.
  private func finish(_ checks: [MachineCheck]) -> Bool {
    let report = MachineCheckReport(checks)
    printNow(json ? report.json.pretty : report.text(for: Terminal.detect(descriptor: 1)))
    return report.status == .problem
  }

  private func checks(_ communicator: any Communicator, launcher error: (any Error)?) throws -> [MachineCheck] {
    let budget = try communicator.threadBudget()
    ComputePool.configure(threadCount: budget.threads)
    guard communicator.isRoot else { return [] }
    let environment = ProcessInfo.processInfo.environment
    let files = SystemFiles()
    let processor = ProcessorFacts(files)
    let memory = MemoryFacts(files)
    let isLaunched = environment["OMPI_COMM_WORLD_SIZE"] != nil || environment["PMIX_NAMESPACE"] != nil

    var checks = [MachineCheck.build(), .instructionSet(processor), .processors(processor, budget: budget), .algorithms()]
    if let error { checks.append(MachineCheck("launcher", error: error)) }
    checks.append(.ranks(communicator))
    if isLaunched {
      // A rank starts no processes; that it is one shows that library and launcher fit.
      checks.append(MachineCheck("MPI", .ok, "\(try MPIInstallation.libraryVersion()), started by mpirun"))
    } else {
      let found = MPIInstallation.launcher().map { path in Result { try MPIInstallation.launcherVersion(path: path) } }
      checks.append(.messagePassing(library: Result { try MPIInstallation.libraryVersion() }, launcher: found))
      if found != nil { checks.append(.container(files, environment: environment, userIsRoot: geteuid() == 0)) }
    }
    checks.append(.memory(memory))
    checks.append(.directory("working directory", path: FileManager.default.currentDirectoryPath))
    if config == nil || communicator.size == 1 { checks.append(.sharedMemory()) }
    if let config {
      checks += MachineCheck.configuration(
        { try Configuration.load(config, overrides: overrides) }, memory: memory, ranks: communicator.size,
        ranksOnHost: communicator.localSize)
    }
    return checks
  }
}
