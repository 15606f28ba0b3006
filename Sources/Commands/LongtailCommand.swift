import ArgumentParser
import BuiltInTasks
import Collectives
import Configuration
import Foundation
import Tensors
import Training

/// The command line: each subcommand is a file of its own.
package struct LongtailCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "longtail",
    abstract: "Trains networks for segmentation, recognition and detection on long-tailed data, in one process or on many ranks.",
    discussion: """
      One process: longtail train CONFIG. Many: mpirun -n 4 longtail train CONFIG, or Launch/run, which binds cores and sets threads.

      Exit codes: 0 finished; 64 usage; 65 bad data or labels; 66 missing input; 70 internal error; 74 input/output error; \
      75 stopped on request, checkpoint complete; 76 ranks diverged; 77 stalled; 78 mismatch at resume or between launcher and MPI; \
      79 loss not finite.
      """,
    version: Versions.longtail,
    subcommands: [
      InitCommand.self, TrainCommand.self, CompareCommand.self, TuneCommand.self, EvaluateCommand.self, PredictCommand.self,
      StatsCommand.self,
      InspectCommand.self, ScoreCommand.self, ConvertCommand.self, ReportCommand.self, RunsCommand.self, ExportCommand.self,
      VerifyCommand.self, BenchCommand.self,
      PlanCommand.self, DoctorCommand.self, DescribeCommand.self, CompletionsCommand.self,
    ])

  package init() {}
}

extension LongtailCommand {
  /// Parses, runs, and ends the process. Under `mpirun` all ranks find the same mistakes in the command line: the first one speaks.
  /// The tasks of the house are registered before anything else.
  /// - Parameter prepare: what comes before; what it throws ends the process as well.
  package static func end(_ prepare: () throws -> Void) -> Never {
    do {
      try BuiltInParts.register()
      try prepare()
    } catch {
      FailureHandler.endJob(error, communicator: nil)
    }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let rank = ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_RANK"].flatMap { Int($0) } ?? 0
      if rank == 0 { exit(withError: error) }
      // An early end of this rank would take rank zero with it, before it has spoken.
      if !exitCode(for: error).isSuccess { sleep(3) }
      Foundation.exit(exitCode(for: error).rawValue)
    }
    Foundation.exit(0)
  }
}

/// Options of all commands that read a configuration.
struct ConfigurationOptions: ParsableArguments {
  @Argument(help: "The configuration, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var config: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  func load() throws -> Configuration { try Configuration.load(config, overrides: overrides) }
}

/// Runs a command's body as one rank of a group; an error ends all ranks with its message and exit code.
enum Job {
  static func run(_ body: (any Communicator) throws -> Void) {
    finish { communicator in
      try body(communicator)
      return 0
    }
  }

  /// The same for a command that may end with another code than 0 although nothing went wrong.
  static func finish(_ body: (any Communicator) throws -> Int32) {
    let communicator: any Communicator
    do {
      communicator = try Launcher.connect()
    } catch {
      FailureHandler.endJob(error, communicator: nil)
    }
    do {
      let code = try body(communicator)
      try communicator.finish()
      if code != 0 { LongtailCommand.exit(withError: ExitCode(code)) }
    } catch {
      FailureHandler.endJob(error, communicator: communicator)
    }
  }
}

/// Writes to standard output at once, so that pipes see lines as they come.
func printNow(_ text: String) {
  FileHandle.standardOutput.write(Data(text.utf8))
}

extension Communicator {
  /// Refuses ranks where a command has work for one process only.
  /// - Throws: `LongtailError` with code `usage`.
  func requireOneProcess(for command: String) throws {
    guard size == 1 else {
      throw LongtailError(.usage, "\(command) runs in one process", advice: "Start it without mpirun.")
    }
  }
}
