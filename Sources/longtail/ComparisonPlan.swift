import Configuration
import Datasets
import Foundation
import Objectives
import Reports
import Tensors
import Training

/// Which runs a comparison is made of, and where they lie.
struct ComparisonPlan {
  /// A run that is to be there.
  struct Run {
    /// The configuration or objective that it belongs to.
    var candidate: String
    /// The seed.
    var seed: Int
    /// Its directory.
    var path: String
    /// What it trains, stage by stage, the last one in `path`; empty where the directory alone is known.
    var stages: [PlannedStage] = []
    /// What its last stage trains.
    var configuration: Configuration? { stages.last?.configuration }
  }

  /// The runs, candidate by candidate.
  let runs: [Run]

  /// The runs in the order of training: all candidates with the first seed, then with the next, so that a comparison that is cut off has
  /// something to compare.
  var trainingOrder: [Run] {
    var turns: [String: Int] = [:]
    let placed = runs.enumerated().map { place, run -> (turn: Int, place: Int, run: Run) in
      defer { turns[run.candidate, default: 0] += 1 }
      return (turns[run.candidate, default: 0], place, run)
    }
    return placed.sorted { ($0.turn, $0.place) < ($1.turn, $1.place) }.map(\.run)
  }

  /// Plans every configuration with every objective and every seed. A configuration of several stages is trained stage by stage; a stage that
  /// is the same in several runs is trained once.
  /// - Parameters:
  ///   - objectives: names; none takes each configuration's own. One that is a configuration's own keeps its settings.
  ///   - seeds: none takes each configuration's own.
  /// - Throws: `LongtailError` for files, keys, names and settings that are wrong: all of them are tried before anything is trained.
  init(configurations: [String], objectives: [String], seeds: [Int], overrides: [String], output: String) throws {
    var runs: [Run] = []
    for path in configurations {
      let base = try Configuration.load(path, overrides: overrides)
      for objective in objectives.isEmpty ? [base.objective.name] : objectives {
        var configuration = base
        if objective != base.objective.name {
          configuration.objective = .init()
          configuration.objective.name = objective
        }
        let candidate = objectives.isEmpty ? base.name : configurations.count == 1 ? objective : "\(base.name)-\(objective)"
        for seed in seeds.isEmpty ? [base.seed] : seeds {
          var own = configuration
          own.name = candidate
          own.seed = seed
          let directory = "\(output)/\(candidate)-seed-\(seed)"
          own.output = directory
          if runs.contains(where: { $0.path == directory }) {
            throw LongtailError(
              .usage, "two runs would share the directory \(directory)",
              advice: "Name each seed and objective once, and give configuration files different names.")
          }
          runs.append(Run(candidate: candidate, seed: seed, path: directory, stages: try PlannedStage.stages(of: own)))
        }
      }
    }
    self.runs = PlannedStage.placed(runs, in: output)
  }

  /// Takes the runs that lie in a directory, as far as their names end with their seed.
  /// - Throws: `LongtailError` when there are none.
  init(foundIn output: String) throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []).sorted()
    var runs: [Run] = []
    for name in names where RunResults.exist(at: "\(output)/\(name)") {
      guard let mark = name.range(of: "-seed-", options: .backwards), let seed = Int(name[mark.upperBound...]) else { continue }
      runs.append(Run(candidate: String(name[..<mark.lowerBound]), seed: seed, path: "\(output)/\(name)"))
    }
    guard !runs.isEmpty else {
      throw LongtailError(
        .missingInput, "there are no runs named NAME-seed-S in \(output)",
        advice: "Train some first: longtail compare without --report-only.")
    }
    self.runs = runs.sorted { ($0.candidate, $0.seed) < ($1.candidate, $1.seed) }
  }

  /// Tries what every run needs, as far as that is possible before its data has been counted.
  /// - Parameter ranks: how many will train.
  /// - Throws: `LongtailError` for the first thing that is wrong.
  func check(ranks: Int) throws {
    // Names first: they cost nothing.
    for stage in runs.flatMap(\.stages) {
      let name = stage.configuration.objective.name
      guard ObjectiveRegistry.names.contains(name) else {
        throw LongtailError.unknownName("objective", name, known: ObjectiveRegistry.names)
      }
      try stage.configuration.checkNames()
    }
    var classes: (candidate: String, names: [String])?
    var checked: Set<String> = []
    for run in runs {
      guard let configuration = run.configuration, checked.insert(run.candidate).inserted else { continue }
      let experiment = try Experiment(configuration)
      try experiment.requireTrainable(globalBatch: configuration.training.globalBatch, dropLast: configuration.training.dropLast)
      try experiment.requireNormalizable(
        try BatchPlan(
          sampleCount: experiment.epochLength, globalBatch: configuration.training.globalBatch,
          dropLast: configuration.training.dropLast, ranks: ranks, microBatches: configuration.training.accumulate))
      let ones = experiment.classNames.map { _ in Int64(1) }
      _ = try ObjectiveRegistry.make(
        configuration.objective.name, settings: configuration.objective.settings,
        context: .init(classes: ones.count, pixelCounts: ones, imageCounts: ones, images: 1))
      if let classes, classes.names != experiment.classNames {
        throw LongtailError(
          .usage, "\(classes.candidate) and \(run.candidate) have different classes, so that one report cannot compare them",
          advice: "Compare configurations of one data set.")
      }
      classes = (run.candidate, experiment.classNames)
    }
  }
}
