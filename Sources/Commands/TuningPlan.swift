import Configuration
import Foundation
import Reports
import Runs
import Tasks
import Tensors
import Training

/// What a search tries: its candidates with their runs, and what they are judged by.
struct TuningPlan {
  /// The configuration that the candidates change.
  let base: Configuration
  /// What is searched.
  let space: SearchSpace
  /// The candidates.
  let candidates: [SearchSpace.Candidate]
  /// What each candidate trains, without its seeds and folds.
  let configurations: [Configuration]
  /// The rungs.
  let halving: SuccessiveHalving
  /// The score that decides.
  let score: ScoreTable.Entry
  /// The runs of all candidates.
  let runs: ComparisonPlan
  /// Where everything goes.
  let output: String

  /// Reads the configuration and lays each candidate's values over it.
  /// - Throws: `LongtailError` for keys, values and scores that do not exist, before anything is trained.
  init(
    _ options: ConfigurationOptions, search: [String], samples: Int?, seed: Int, score: String?, halving: SuccessiveHalving, folds: Int?,
    seeds: [Int], output: String
  ) throws {
    self.halving = halving
    self.output = output
    space = try SearchSpace(parsing: search)
    if let key = space.dimensions.map(\.key).first(where: {
      $0 == "seed" || $0 == "output" || $0.hasPrefix("data.split") || $0 == "extends"
    }) {
      throw LongtailError(
        .usage, "--search \(key): this is not a key to choose a configuration by", advice: "Seeds are for --seeds, divisions for --folds.")
    }
    base = try options.load()
    if let samples {
      candidates = try space.samples(samples, seed: seed)
    } else {
      candidates = try space.grid()
    }
    let load = { try Configuration.load(options.config, overrides: options.overrides + $0) }
    configurations = try candidates.map { candidate in
      do {
        return try load(candidate.overrides)
      } catch let error as LongtailError {
        throw LongtailError(error.code, "candidate \(candidate.name): \(error.message)", advice: error.advice)
      }
    }
    for (candidate, configuration) in zip(candidates, configurations) where configuration.evaluation.split != "val" {
      throw LongtailError(
        .usage,
        "\(candidate.name): evaluation.split is \(configuration.evaluation.split), but a search chooses by validation samples alone",
        advice: "Add --set evaluation.split=val.")
    }
    runs = try ComparisonPlan(
      zip(candidates, configurations).map { .init(name: $0.name, configuration: $1) }, seeds: seeds, folds: folds, output: output)
    guard let first = runs.runs.first?.configuration else { throw LongtailError(.internalError, "a search without runs") }
    let task = try TaskRegistry.make(first)
    // What a run writes down of each evaluation.
    let table = task.scoreTable(groups: task.groupNames)
    let recorded = TuningPlan.recorded(table)
    guard let score = score ?? table.main?.name else {
      throw LongtailError(.usage, "the task has no main score", advice: "Name one: --score.")
    }
    guard let entry = recorded.first(where: { $0.name == score }) else {
      let names = recorded.filter { if case .class = $0.subject { false } else { true } }.map(\.name)
      throw LongtailError.unknownName(
        "score", score, known: names + task.scoreKinds.filter { $0.scopes.contains(.classes) }.prefix(1).map { "\($0.name).<class>" },
        at: "--score")
    }
    self.score = entry
  }

  /// The scores that the records of a run hold: listed ones of the whole and of classes, the main one of groups.
  private static func recorded(_ table: ScoreTable) -> [ScoreTable.Entry] {
    table.entries.filter { entry in
      if case .group = entry.subject { return entry.kind.rank == .main }
      return entry.kind.rank != .unlisted
    }
  }

  /// Places of a candidate's runs.
  func runs(of candidate: Int) -> [ComparisonPlan.Run] { runs.runs.filter { $0.candidate == candidates[candidate].name } }

  /// An empty report.
  func report() -> TuningReport {
    TuningReport(
      title: "Search for \(base.name): \(space.dimensions.map(\.key).joined(separator: ", "))", score: score.kind, of: score.subject,
      keys: space.dimensions.map { dimension in
        switch dimension.domain {
        case .values(let values): .init(dimension.key, .values(values))
        case .range(let range): .init(dimension.key, range.isLogarithmic ? .ratios : .numbers)
        }
      },
      candidates: candidates.indices.map { place in
        .init(
          name: candidates[place].name, values: candidates[place].values,
          runs: runs(of: place).map { .init(fold: $0.fold, seed: $0.seed) })
      },
      rungs: zip(halving.rungs, halving.counts(of: candidates.count)).map { .init(share: $0, candidates: $1) })
  }

  /// The configuration of a candidate as a file for others: complete, with a run directory of its own.
  func yaml(ofCandidate name: String, remarks: [String]) -> String? {
    guard let place = candidates.firstIndex(where: { $0.name == name }) else { return nil }
    var configuration = configurations[place]
    configuration.name = "\(base.name)-tuned"
    configuration.output = nil
    return configuration.yaml(header: remarks)
  }
}
