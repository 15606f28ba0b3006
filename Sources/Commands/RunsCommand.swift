import ArgumentParser
import Collectives
import Foundation
import Reports
import Tensors

/// `longtail runs`: what runs there are, and how they fared.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Lists runs and compares them: how far they are, how they stand, how well they did.",
    discussion: """
      A run is finished when its last step was evaluated, running while a trainer holds its directory (also one on another host), and \
      interrupted otherwise. The time is that of all steps and evaluations, without pauses between starts.
      """)

  @Argument(help: "Run directories, or directories that hold some.", completion: .directory)
  var directories: [String] = ["runs"]

  @Option(
    help:
      "The order: name; time, the shortest first; started, the newest first; best, or the name of a score or of a group of classes, the best first."
  )
  var sort = "name"

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "runs")
      let listing = try RunListing(directories, order: RunListing.Order(sort))
      if json { return printNow(listing.json.pretty) }
      let text = listing.rows.isEmpty ? ["There are no runs in \(directories.joined(separator: ", "))."] : listing.table.lines
      printNow((text + listing.problems.map { "not read: \($0)" }).joined(separator: "\n") + "\n")
    }
  }
}
