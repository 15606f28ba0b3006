import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Tensors
import Threading
import Training

/// `longtail compare`: the same training with several objectives or configurations and seeds, and one report about all.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Trains several configurations or objectives with several seeds, and writes one report.",
    discussion: """
      Runs lie in DIR/NAME-seed-S, where NAME is the configuration's or, with --objective, the objective's name. A run that is finished is \
      not trained again, one that was interrupted goes on from its newest checkpoint: after an interruption start the same command again. \
      Stages before the last one lie in DIR/stages; one that several runs have in common is trained once. \
      The report is DIR/report.md, DIR/report.csv and DIR/report.html, which is one file with all charts and pictures in it.

      For example: longtail compare Configs/scenes-unet-pat.yaml --objective pat,crossEntropy --seeds 0,1,2 --output comparison
      """)

  /// Metrics of others that can be given beside our own.
  enum Compatibility: String, ExpressibleByArgument, CaseIterable {
    case ibla
  }

  @Argument(help: "Configurations, YAML files.", completion: .file(extensions: ["yaml", "yml"]))
  var configs: [String] = []

  @Option(help: ArgumentHelp("Seeds with commas between; by default each configuration's own.", valueName: "0,1,2"))
  var seeds: String?

  @Option(help: ArgumentHelp("Objectives with commas between, each of which takes the place of the configurations' own.", valueName: "a,b"))
  var objective: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of all configurations; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("Where the runs and the report go; made if it is missing.", valueName: "directory"))
  var output: String

  @Flag(help: "Trains nothing: writes the report from the runs that are there; without configurations from all of them.")
  var reportOnly = false

  @Option(help: "Adds another program's metric beside the standard ones: ibla, that of the code published with PAT.")
  var compat: Compatibility?

  func validate() throws {
    if configs.isEmpty, !reportOnly { throw ValidationError("Name at least one configuration.") }
    if configs.isEmpty, seeds != nil || objective != nil || !overrides.isEmpty {
      throw ValidationError("--seeds, --objective and --set need a configuration.")
    }
    _ = try parsedSeeds()
  }

  func run() throws {
    Job.finish { communicator in
      let plan =
        configs.isEmpty
        ? try ComparisonPlan(foundIn: output)
        : try ComparisonPlan(
          configurations: configs, objectives: list(objective), seeds: parsedSeeds(), overrides: overrides, output: output)
      var failures: [String] = []
      if communicator.isRoot {
        for ending in ["md", "csv", "html"] {
          try OwnFile.requireReplaceable("\(output)/report.\(ending)", advice: "Name another --output, or move the file away.")
        }
      }
      if reportOnly {
        ComputePool.configure(threadCount: try communicator.threadBudget().threads)
      } else {
        try plan.check(ranks: communicator.size)
        guard let failed = try train(plan, communicator) else { return LongtailError.Code.stoppedOnRequest.rawValue }
        failures = failed
      }
      if communicator.isRoot {
        let paths = try ComparisonReport(directory: output, withIbla: compat == .ibla).write(plan, notes: failures)
        for path in paths { printNow("report   \(path)\n") }
      }
      return failures.isEmpty ? 0 : LongtailError.Code.notFinite.rawValue
    }
  }

  /// Trains what is not finished. Collective.
  /// - Returns: a line for each run whose loss ran away; nil when somebody asked to stop.
  private func train(_ plan: ComparisonPlan, _ communicator: any Communicator) throws -> [String]? {
    let signals = try RequestSignals()
    var failures: [String] = []
    var audit: String?
    let order = plan.trainingOrder
    for (place, planned) in order.enumerated() {
      let name = "run \(place + 1) of \(order.count): \(planned.candidate), seed \(planned.seed)"
      for (index, stage) in planned.stages.enumerated() {
        let run = try TrainingRun(
          stage.configuration, communicator: communicator, resume: .auto, surroundings: stage.surroundings)
        if place == 0, index == 0 { try run.announceMachine() }
        let title = planned.stages.count == 1 ? name : "\(name), stage \(stage.name)"
        if try run.isFinished() {
          if communicator.isRoot { printNow("\(title) is finished: \(stage.path)\n") }
        } else {
          if communicator.isRoot { printNow("\n\(title) -> \(stage.path)\n") }
          do {
            guard try run.train(requests: signals.take, audit: audit) == .finished else {
              if communicator.isRoot { printNow("the same command goes on from here\n") }
              return nil
            }
          } catch let error as LongtailError where error.code == .notFinite {
            // The same on all ranks. The other runs may be better off.
            let stage = planned.stages.count == 1 ? "" : ", stage \(stage.name)"
            failures.append("\(planned.candidate), seed \(planned.seed)\(stage): \(error.message)")
            if communicator.isRoot { printNow("\n\(error)\n") }
            break
          }
        }
        audit = "\(stage.path)/label-audit.json"
      }
    }
    return failures
  }

  private func list(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  private func parsedSeeds() throws -> [Int] {
    try list(seeds).map { text in
      guard let seed = Int(text), seed >= 0 else {
        throw ValidationError("--seeds: '\(text)' is no whole number from 0 on; for example: --seeds 0,1,2.")
      }
      return seed
    }
  }
}
