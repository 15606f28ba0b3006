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
      Runs lie in DIR/NAME-seed-S, or with --folds in DIR/NAME-fold-F-seed-S, where NAME is the configuration's or, with --objective, the objective's name. A run that is finished is \
      not trained again, one that was interrupted goes on from its newest checkpoint: after an interruption start the same command again. \
      Stages before the last one lie in DIR/stages; one that several runs have in common is trained once. \
      The report is DIR/report.md, DIR/report.csv and DIR/report.html, which is one file with all charts and pictures in it.

      Folds are of the training samples alone: validation and test samples of the data set's own are not looked at.

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

  @Option(
    help: ArgumentHelp(
      "Deals the training samples out into this many folds, and trains each run once for each fold, which it is judged on (data.split.folds).",
      valueName: "count"))
  var folds: Int?

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
    if configs.isEmpty, seeds != nil || folds != nil || objective != nil || !overrides.isEmpty {
      throw ValidationError("--seeds, --folds, --objective and --set need a configuration.")
    }
    _ = try parsedSeeds()
    try CommandLineList.checkFolds(folds)
  }

  func run() throws {
    Job.finish { communicator in
      let plan =
        configs.isEmpty
        ? try ComparisonPlan(foundIn: output)
        : try ComparisonPlan(
          configurations: configs, objectives: CommandLineList.entries(objective), seeds: parsedSeeds(), folds: folds,
          overrides: overrides, output: output)
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
    var training = try PlannedTraining(communicator)
    var failures: [String] = []
    let order = plan.trainingOrder
    for (place, planned) in order.enumerated() {
      switch try training.train(planned, title: "run \(place + 1) of \(order.count): \(planned.label)") {
      case .done: break
      case .failed(let reason): failures.append(reason)
      case .stopped: return nil
      }
    }
    return failures
  }

  private func parsedSeeds() throws -> [Int] { try CommandLineList.seeds(seeds) }
}

/// Lists in options, with commas between.
enum CommandLineList {
  /// The entries without blanks around them; none without a text.
  static func entries(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// The seeds in the option `--seeds`.
  /// - Throws: `ValidationError` for one that is no seed.
  static func seeds(_ text: String?) throws -> [Int] {
    try entries(text).map { text in
      guard let seed = Int(text), seed >= 0 else {
        throw ValidationError("--seeds: '\(text)' is not a whole number from 0 on; for example: --seeds 0,1,2.")
      }
      return seed
    }
  }

  /// Refuses a number of folds that makes none.
  /// - Throws: `ValidationError`.
  static func checkFolds(_ folds: Int?) throws {
    guard let folds, !(2...1000).contains(folds) else { return }
    throw ValidationError("--folds: \(folds) is not a number of folds, which is from 2 to 1000; for example: --folds 3.")
  }
}
