import ArgumentParser
import Collectives
import Reports
import Settings
import Tensors
import Training

/// `longtail describe`: what a configuration can say, and what it means.
struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Lists what a configuration can say: sections, tasks, objectives, data sets, samplers, models, methods, optimizers.",
    discussion: """
      Without a kind it lists the kinds; with one, all of that kind; with a name, its settings with type, default, range and meaning, and \
      where it comes from.

      longtail describe section training
      longtail describe objective pat
      """)

  @Argument(help: "The kind: section, task, objective, dataset, sampler, model, method, epilogue or optimizer.")
  var kind: String?

  @Argument(help: "The name of one of that kind.")
  var name: String?

  @Flag(help: "Prints JSON instead of text.")
  var json = false

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "describe")
      printNow(try text())
    }
  }

  private func text() throws -> String {
    guard let kind else {
      let kinds = Catalogue.kinds
      return json ? JSONValue.members(["kinds": .array(kinds.map(\.json))]).pretty : KindDescription.text(of: kinds)
    }
    let found = try Catalogue.kind(kind)
    guard let name else { return json ? found.json.pretty : found.text }
    let entry = try found.entry(name)
    return json ? entry.json(of: found).pretty : entry.text(of: found)
  }
}
