import ArgumentParser
import Checkpoints
import Collectives
import Foundation
import Reports
import Tensors

/// `longtail inspect`: what is inside a checkpoint.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what a checkpoint holds: step, configuration, metrics, and every tensor with its figures.",
    discussion: """
      Of a run directory it lists the checkpoints and shows the newest. Norm, mean, smallest and largest number leave out what is not finite, \
      which is counted by itself. Two tensors with one digest hold the same bits.

      Damaged checkpoints are shown as far as they can be read; the exit code is then 74.
      """)

  @Argument(help: "A run directory or a checkpoint.", completion: .directory)
  var path: String

  @Option(help: ArgumentHelp("Which checkpoint of a run, by its step; by default the newest.", valueName: "n"))
  var step: Int?

  @Option(help: ArgumentHelp("Only tensors whose names contain this.", valueName: "text"))
  var match: String?

  @Flag(help: "Prints the run's configuration instead, as YAML.")
  var config = false

  @Flag(help: "Prints one JSON object instead of text.")
  var json = false

  func validate() throws {
    if config, json { throw ValidationError("--config prints YAML; leave out --json, which holds the configuration as well.") }
  }

  func run() throws {
    Job.finish { communicator in
      guard communicator.size == 1 else {
        throw LongtailError(.usage, "inspect runs in one process", advice: "Start it without mpirun.")
      }
      let (directory, others) = try locate()
      var report = InspectionReport(try CheckpointStore.inspect(directory: directory), others: others)
      report.match = match
      if config {
        guard let run = report.inspection.run else {
          throw LongtailError(.inputOutput, "run.json of \(directory) cannot be read", advice: "See longtail verify.")
        }
        printNow(run.configurationText)
      } else {
        printNow(json ? report.json.pretty : report.text(for: Terminal.detect(descriptor: 1)))
      }
      let examination = report.inspection.examination
      if examination.isValid { return 0 }
      return (examination.isOfNewerFormat ? LongtailError.Code.mismatch : .inputOutput).rawValue
    }
  }

  /// The checkpoint to show, and the steps of all that lie beside it.
  private func locate() throws -> (directory: String, others: [Int]) {
    switch try CheckpointLocation(path) {
    case .checkpoint(let directory):
      if step != nil { throw LongtailError(.usage, "--step chooses among a run's checkpoints, but \(path) is one") }
      return (directory, [])
    case .store(let store):
      let steps = try store.steps()
      guard let newest = steps.last else { throw LongtailError(.missingInput, "there is no checkpoint in \(store.directory)") }
      guard let step, !steps.contains(step) else { return (store.path(step: step ?? newest), steps) }
      throw LongtailError(
        .missingInput, "'\(store.directory)' holds no checkpoint of step \(step)",
        advice: "It holds steps \(steps.map { "\($0)" }.joined(separator: ", ")).")
    }
  }
}
