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
    /// The fold of the training samples that it is judged on; nil without folds.
    var fold: Int?
    /// The seed.
    var seed: Int
    /// Its directory.
    var path: String
    /// What it trains, stage by stage, the last one in `path`; empty where the directory alone is known.
    var stages: [PlannedStage] = []
    /// What its last stage trains.
    var configuration: Configuration? { stages.last?.configuration }
    /// `pat, seed 1`, or `pat, fold 0, seed 1`.
    var label: String { "\(candidate), \(fold.map { "fold \($0), " } ?? "")seed \(seed)" }
  }

  /// The runs, candidate by candidate.
  let runs: [Run]

  /// Nothing yet.
  private init(runs: [Run]) { self.runs = runs }

  /// A candidate of a plan.
  struct Candidate {
    /// Its name, that of its runs' directories.
    var name: String
    /// What it trains, whatever the seed and the fold.
    var configuration: Configuration
  }

  /// The runs in the order of training: all candidates with the first seed and fold, then with the next, so that a comparison that is cut off has
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
  ///   - folds: how many folds of the training samples; nil divides samples as each configuration says.
  /// - Throws: `LongtailError` for files, keys, names and settings that are wrong: all of them are tried before anything is trained.
  init(configurations: [String], objectives: [String], seeds: [Int], folds: Int?, overrides: [String], output: String) throws {
    var candidates: [Candidate] = []
    for path in configurations {
      let base = try Configuration.load(path, overrides: overrides)
      for objective in objectives.isEmpty ? [base.objective.name] : objectives {
        var configuration = base
        if objective != base.objective.name {
          configuration.objective = .init()
          configuration.objective.name = objective
        }
        let name = objectives.isEmpty ? base.name : configurations.count == 1 ? objective : "\(base.name)-\(objective)"
        candidates.append(Candidate(name: name, configuration: configuration))
      }
    }
    try self.init(candidates, seeds: seeds, folds: folds, output: output)
  }

  /// Plans every candidate with every seed, and on every fold.
  /// - Parameters:
  ///   - seeds: none takes each candidate's own.
  ///   - folds: how many; nil divides samples as each candidate's configuration says.
  /// - Throws: `LongtailError` for stages and divisions that do not fit, and for runs that would share a directory.
  init(_ candidates: [Candidate], seeds: [Int], folds: Int?, output: String) throws {
    var runs: [Run] = []
    var foldGroups = FoldGroups()
    for candidate in candidates {
      let groups = try folds.map { _ in try foldGroups.groups(of: candidate.configuration) } ?? candidate.configuration.groups
      for seed in seeds.isEmpty ? [candidate.configuration.seed] : seeds {
        for fold in folds.map({ (0..<$0).map(Optional.some) }) ?? [nil] {
          var own = candidate.configuration
          own.name = candidate.name
          own.seed = seed
          own.groups = groups
          if let fold, let folds { try own.divide(into: folds, holding: fold) }
          let directory = "\(output)/\(candidate.name)\(fold.map { "-fold-\($0)" } ?? "")-seed-\(seed)"
          own.output = directory
          if runs.contains(where: { $0.path == directory }) {
            throw LongtailError(
              .usage, "two runs would share the directory \(directory)",
              advice: "Name each seed and objective once, and give configuration files different names.")
          }
          runs.append(Run(candidate: candidate.name, fold: fold, seed: seed, path: directory, stages: try PlannedStage.stages(of: own)))
        }
      }
    }
    self.init(runs: PlannedStage.placed(runs, in: output))
  }

  /// Takes the runs that lie in a directory, as far as their names end with their seed, and before it with their fold where they have one.
  /// - Throws: `LongtailError` when there are none.
  init(foundIn output: String) throws {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []).sorted()
    var runs: [Run] = []
    for name in names where RunResults.exist(at: "\(output)/\(name)") {
      guard let mark = name.range(of: "-seed-", options: .backwards), let seed = Int(name[mark.upperBound...]) else { continue }
      let stem = name[..<mark.lowerBound]
      if let place = stem.range(of: "-fold-", options: .backwards), let fold = Int(stem[place.upperBound...]) {
        runs.append(Run(candidate: String(stem[..<place.lowerBound]), fold: fold, seed: seed, path: "\(output)/\(name)"))
      } else {
        runs.append(Run(candidate: String(stem), seed: seed, path: "\(output)/\(name)"))
      }
    }
    guard !runs.isEmpty else {
      throw LongtailError(
        .missingInput, "there are no runs named NAME-seed-S or NAME-fold-F-seed-S in \(output)",
        advice: "Train some first: longtail compare without --report-only.")
    }
    self.runs = runs.sorted { ($0.candidate, $0.seed, $0.fold ?? -1) < ($1.candidate, $1.seed, $1.fold ?? -1) }
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
        try BatchDivision(
          sampleCount: experiment.epochLength, globalBatch: configuration.training.globalBatch,
          dropLast: configuration.training.dropLast, ranks: ranks, microBatches: configuration.training.accumulate))
      if run.fold != nil { try requireDivided(experiment, candidate: run.candidate) }
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

extension ComparisonPlan {
  /// Refuses folds where a candidate's task does not divide its samples: all folds would be judged on the same ones.
  private func requireDivided(_ experiment: Experiment, candidate: String) throws {
    guard let other = runs.first(where: { $0.candidate == candidate && $0.fold == 1 })?.configuration else { return }
    guard try experiment.list(of: .validation) == Experiment(other).list(of: .validation) else { return }
    throw LongtailError(
      .usage, "\(candidate): data set '\(experiment.dataset.name)' is not divided by data.split, so that there are no folds of it",
      advice: "Leave --folds out.")
  }
}

extension Configuration {
  /// Has the training samples dealt out into folds, one of which is held out and judged. Seed, groups and strata of `data.split` stay.
  /// - Throws: `LongtailError` where lists say already which samples are for what, or where another split is judged.
  fileprivate mutating func divide(into folds: Int, holding fold: Int) throws {
    var division = data.split ?? Division()
    guard division.trainList == nil else {
      throw LongtailError(
        .usage, "\(name): data.split names lists of samples, so that --folds has nothing to divide",
        advice: "Leave the lists out, or compare without --folds.")
    }
    guard evaluation.split == "val" else {
      throw LongtailError(
        .usage, "\(name): evaluation.split is \(evaluation.split), but a fold is judged as split val",
        advice: "Add --set evaluation.split=val, or compare without --folds.")
    }
    (division.validation, division.folds, division.fold) = (nil, folds, fold)
    data.split = division
  }
}
