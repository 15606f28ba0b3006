import ArgumentParser
import Collectives
import Foundation
import Reports
import Runs
import Tensors
import Training

/// `longtail bench scale`: several ranks against one, and against as many threads.
struct BenchScaleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Compares p ranks of one thread with one rank of one thread, and with one rank of p threads.",
    discussion: """
      Starts `bench step` under mpirun, in turn for each of the three, several rounds of them; each rank has the same number of images \
      throughout. Beside them as many processes that share nothing run at once: what they lose against one is the machine's doing. Ranks are bound to cores, as Launch/run does. --dry-run prints the commands instead; what they print can be given back \
      with --from. Run it on an otherwise idle machine.
      """)

  @Option(help: "Ranks, of one thread each; as many as there are cores when not given.")
  var ranks: Int?

  @Option(help: "Images of a step in each rank.")
  var batchPerRank = 4

  @Option(help: "How often each of the three is measured.")
  var rounds = 3

  @OptionGroup var step: BenchStepOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Measures nothing, but reads files that `bench step --json` printed.", valueName: "FILE ..."))
  var from: [String] = []

  @Flag(help: "Prints the commands instead of running them.")
  var dryRun = false

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func run() throws {
    do {
      try measure()
    } catch {
      FailureHandler.endJob(error, communicator: nil)
    }
  }

  private func measure() throws {
    if ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil {
      throw LongtailError(.usage, "bench scale starts mpirun itself", advice: "Start it without mpirun or Launch/run.")
    }
    let cores = usableCores
    var report = try ScalingReport(ranks: ranks ?? cores, batchPerRank: batchPerRank)
    if from.isEmpty {
      guard rounds >= 1 else { throw LongtailError(.usage, "--rounds is \(rounds), but has to be at least 1") }
      guard report.ranks.ranks <= cores || dryRun else {
        throw LongtailError(.usage, "\(report.ranks.ranks) ranks on \(cores) cores would take turns, which is not a measure of scaling")
      }
      let launcher = try mpirun()
      for _ in 0..<(dryRun ? 1 : rounds) {
        for part in ScalingReport.parts.map({ report[keyPath: $0] }) {
          let command = try [launcher] + arguments(part)
          if dryRun { printNow(command.joined(separator: " ") + "\n") } else { try report.add(figures(of: command), name: command[0]) }
        }
        if !dryRun { try report.independent.rounds += measureIndependent(report.independent, count: report.ranks.ranks) }
      }
      if dryRun { return }
    } else {
      for path in from {
        guard let data = FileManager.default.contents(atPath: path) else {
          throw LongtailError(.missingInput, "cannot read \(path)", advice: "Name a file that `bench step --json` printed.")
        }
        try report.add(StepFigures(json: data, name: path), name: path)
      }
      guard report.isComplete else {
        throw LongtailError(
          .usage, "--from needs files of all three: 1 x 1, 1 x \(report.threads.threads) and \(report.ranks.ranks) x 1",
          advice: "--dry-run prints the commands.")
      }
    }
    printNow(json ? report.json.pretty : report.text)
  }

  private var usableCores: Int {
    let facts = ProcessorFacts(SystemFiles())
    let granted = facts.quota.map { Int($0.rounded(.up)) } ?? facts.physicalCores
    return max(1, min(facts.physicalCores, granted))
  }

  private func mpirun() throws -> String {
    if let path = MPIInstallation.launcher() { return path }
    throw LongtailError(.missingInput, "mpirun is not on PATH", advice: "Launch/bootstrap installs Open MPI.")
  }

  private func arguments(_ part: ScalingReport.Part) throws -> [String] {
    var words = ["-n", "\(part.ranks)", "--map-by", "slot:PE=\(part.threads)", "--bind-to", "core"]
    // Gradients go through a window; what is left for messages is small, and containers forbid the copies between processes.
    words += ["--mca", "btl_vader_single_copy_mechanism", "none", "--mca", "smsc", "^cma"]
    return try words + stepArguments(part)
  }

  private func stepArguments(_ part: ScalingReport.Part) throws -> [String] {
    var words = [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
    words += ["bench", "step"] + step.arguments
    return words + ["--batch", "\(part.batch)", "--threads", "\(part.threads)", "--json"]
  }

  /// Processes that know nothing of each other, each on a core of its own, all at once.
  private func measureIndependent(_ part: ScalingReport.Part, count: Int) throws -> [StepFigures] {
    let processors = ProcessorFacts(SystemFiles()).oneOfEachCore
    guard processors.count >= count else { return [] }
    let arguments = try stepArguments(part)
    let running = try processors.prefix(count).map { processor in
      let command = ["/usr/bin/env", "taskset", "-c", "\(processor)"] + arguments
      return try (command, start(command))
    }
    // All are waited for before one that failed is spoken of: none may run on into the next measurement.
    let results = running.map { command, process in Result { try figures(of: command, process) } }
    return try results.map { try $0.get() }
  }

  private func figures(of command: [String]) throws -> StepFigures { try figures(of: command, start(command)) }

  private func start(_ command: [String]) throws -> (process: Process, output: Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    var environment = ProcessInfo.processInfo.environment
    if geteuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw LongtailError(.inputOutput, "\(command[0]) cannot be started: \(error.localizedDescription)")
    }
    return (process, pipe)
  }

  private func figures(of command: [String], _ running: (process: Process, output: Pipe)) throws -> StepFigures {
    let process = running.process
    let output = running.output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let code = LongtailError.Code(rawValue: process.terminationStatus) ?? .internalError
      throw LongtailError(code, "this ended with code \(process.terminationStatus): \(command.joined(separator: " "))")
    }
    return try StepFigures(json: output, name: command.joined(separator: " "))
  }
}
