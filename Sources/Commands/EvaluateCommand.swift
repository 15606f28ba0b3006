import ArgumentParser
import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Objectives
import Reports
import Runs
import Tasks
import Tensors
import Threading
import Training

/// Where a trained network lies.
struct TrainedOptions: ParsableArguments {
  @Argument(help: "A run directory, or a checkpoint in one.", completion: .directory)
  var run: String

  @Option(help: "Which checkpoint of a run: newest, or best by a score, as checkpoint.best names them.")
  var checkpoint = "newest"

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the run's configuration; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  /// The configuration and the checkpoint's contents.
  /// - Throws: `LongtailError` when there is none, or it is damaged.
  func load() throws -> (configuration: Configuration, contents: CheckpointContents, path: String) {
    let path = try locate()
    let contents = try CheckpointStore.load(directory: path)
    var configuration = try Configuration(yaml: contents.run.configurationText, name: "checkpoint", overrides: overrides)
    // The samples that the run had, whatever has been added to the data since.
    if !overrides.contains(where: { $0.hasPrefix("data.split") }) { SampleListFiles.useKept(beside: path, in: &configuration) }
    return (configuration, contents, path)
  }

  private func locate() throws -> String {
    let files = FileManager.default
    if files.fileExists(atPath: "\(run)/MANIFEST.json") { return run }
    let directory = "\(run)/checkpoints"
    guard files.fileExists(atPath: directory) else {
      throw LongtailError(
        .missingInput, "\(run) is neither a run directory nor a checkpoint", advice: "A run directory holds checkpoints/.")
    }
    let store = CheckpointStore(directory: directory)
    let selection = try store.latestValid()
    guard let newest = selection.newest else {
      let reasons = selection.rejected.map { "\n  \($0)" }.joined()
      throw LongtailError(.missingInput, "there is no valid checkpoint in \(directory)\(reasons)")
    }
    if checkpoint == "newest" { return newest.path }
    guard let best = newest.run.best.first(where: { $0.metric == checkpoint }) else {
      throw LongtailError.unknownName("checkpoint", checkpoint, known: ["newest"] + newest.run.best.map(\.metric))
    }
    return store.path(step: best.step)
  }
}

/// `longtail evaluate`: scores a checkpoint on a split.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Scores a trained network on a split, in one process or on many ranks.")

  @OptionGroup var trained: TrainedOptions

  @OptionGroup var ensemble: EnsembleOptions

  @Option(help: "The split: train, val or test. By default the configuration's.")
  var split: String?

  @Option(
    help: ArgumentHelp(
      "Fits the temperature of the probabilities on another split first: one that was held out of training. It is printed, and used.",
      valueName: "split"))
  var fitTemperature: String?

  @Flag(help: "Prints one JSON object instead of the table.")
  var json = false

  func run() throws {
    Job.run { communicator in
      var (configuration, contents, path) = try trained.load()
      if let split { configuration.evaluation.split = split }
      ComputePool.configure(threadCount: try configuration.engine.threads ?? communicator.threadsPerRank())
      var experiment = try Experiment.open(configuration, communicator: communicator)
      let statistics = try ClassStatistics.collect(
        experiment, communicator: communicator, record: nil, threads: max(1, configuration.data.loader.threads))
      try statistics.audit.statistics.files.requireRange()
      let network = try TrainedNetwork.make(experiment, contents)
      let objective = try statistics.objective(configuration)
      try objective.restore(from: contents)
      if let name = fitTemperature {
        let fitted = try temperature(network, objective, experiment, statistics, communicator, split: name)
        configuration.evaluation.decision.temperature = fitted
        experiment = try Experiment.open(configuration, communicator: communicator)
        if communicator.isRoot, !json { printNow("temperature \(fitted), fitted on \(name)\n") }
      }
      let companions = try ensemble.companions(of: experiment, like: trained, communicator: communicator)
      let report = try Evaluator(experiment, groups: statistics.groups, communicator: communicator, companions: companions)
        .evaluate(network, objective: objective, step: contents.run.globalStep, epoch: contents.run.epoch)
      guard report.evaluation.classes.contains(where: { $0.count > 0 }) else {
        throw LongtailError(
          .badData,
          "split '\(experiment.evaluationSplit.shortName)': none of its \(report.images) "
            + (experiment.task.countUnit == .pixels ? "label files has a pixel with a class" : "images shows a class"),
          advice: "There is nothing to score: check the label map, or choose another --split.")
      }
      guard communicator.isRoot else { return }
      let record = EvaluationRecord(report, experiment: experiment, statistics: statistics)
      let groupings = groupings(report, experiment, statistics)
      if json {
        printNow(try JSONValue(encoding: PrintedEvaluation(record, scores: report.scores, groupings: groupings)).line + "\n")
      } else {
        printNow(
          experiment.skippedSamples + "\(path), split \(experiment.evaluationSplit.shortName)\n\n"
            + ClassTable(record).text(for: Terminal.detect(descriptor: 1)) + "\n"
            + (groupings.map { $0.text + EvaluateCommand.imageGroups + "\n" } ?? ""))
      }
    }
  }

  private static let imageGroups =
    "By images, head classes are shown by half of the training images or more, tail classes by less than a tenth.\n"

  /// Means of the classes by how much is labelled with them and by how many images show them, where both are counted.
  private func groupings(_ report: EvaluationReport, _ experiment: Experiment, _ statistics: ClassStatistics) -> GroupComparison? {
    guard experiment.task.countUnit != .images, experiment.task.grouping == .shares, statistics.imageCounts.contains(where: { $0 > 0 })
    else { return nil }
    return GroupComparison(
      report.scores, classNames: experiment.classNames,
      groupings: [
        .init(unit: experiment.task.countUnit.name, groups: statistics.groups),
        .init(unit: CountUnit.images.name, groups: statistics.groupsByImages),
      ])
  }

  /// The temperature that fits a split, which has to be another one than the evaluated.
  private func temperature(
    _ network: Network, _ objective: any Objective, _ experiment: Experiment, _ statistics: ClassStatistics,
    _ communicator: any Communicator, split name: String
  ) throws -> Double {
    guard let split = Split(argument: name) else { throw LongtailError.unknownName("split", name, known: Split.allCases.map(\.shortName)) }
    guard split != experiment.evaluationSplit else {
      throw LongtailError(
        .usage, "--fit-temperature: '\(name)' is the split that is evaluated; fitted on it, its calibration would say nothing",
        advice: "Hold images out of training with data.split, or evaluate another --split.")
    }
    guard ensemble.others.isEmpty else {
      throw LongtailError(
        .usage, "--fit-temperature fits one network, and there is an ensemble",
        advice: "Fit each network by itself, and give it its evaluation.temperature.")
    }
    let evaluator = Evaluator(experiment, groups: statistics.groups, communicator: communicator, split: split)
    guard let fitted = try evaluator.temperature(network, objective: objective) else {
      throw LongtailError(.badData, "split '\(name)' has no labelled pixel that a temperature could be fitted on")
    }
    return fitted
  }
}

/// A network with a checkpoint's numbers, for commands that do not train.
enum TrainedNetwork {
  /// The algorithms are those that training used, so that the numbers are those that it saw.
  static func make(_ experiment: Experiment, _ contents: CheckpointContents) throws -> Network {
    // The layout of the run's parameters, so that an evaluation gives the bits that it gave within the run.
    let size = experiment.paddedSize
    let isDirect = experiment.configuration.engine.algorithms == .direct
    let choices = AlgorithmChoices(try AlgorithmChoices.recorded(in: contents.run))
    var options = PlanOptions(algorithms: isDirect ? .fixed(.direct) : .model(choices))
    options.decisiveImages = choices.images
    let network = try Network(
      graph: experiment.publishedGraph(contents.run), images: 1, height: size.height, width: size.width, seed: 0, options: options)
    try network.restoreModel(contents)
    return network
  }
}
