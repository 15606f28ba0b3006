import Checkpoints
import Collectives
import Foundation
import Tasks
import Reports
import Runs
import Tensors
import Training

/// Gathers what the runs of a comparison wrote, asks their networks for pictures, and writes the report. For rank zero alone.
struct ComparisonReport {
  /// Where the report goes.
  let directory: String
  /// Whether the metric of the code published with PAT is given too.
  let withIbla: Bool

  /// Writes `report.md`, `report.csv` and `report.html`.
  /// - Parameter notes: what has to be said beside the numbers.
  /// - Returns: their paths.
  /// - Throws: `LongtailError` when there is not a single run with an evaluation, or a file of a run is damaged.
  func write(_ plan: ComparisonPlan, notes: [String]) throws -> [String] {
    var comparison = Comparison(title: title(plan), entries: [])
    comparison.notes = notes
    var experiments: [Int: Experiment] = [:]
    for run in plan.runs {
      let label = run.label
      guard RunResults.exist(at: run.path) else {
        comparison.notes.append("\(label) is missing: there is no run in \(run.path).")
        continue
      }
      let results = try RunResults(readingFrom: run.path)
      guard let last = results.last else {
        comparison.notes.append("\(label) is missing: it has no evaluation yet, after \(Formatting.plural(results.stepCount, "step")).")
        continue
      }
      if let first = comparison.entries.first?.results, first.task != results.task {
        throw LongtailError(
          .usage, "the runs in \(directory) are of different tasks, \(first.task.name) and \(results.task.name)",
          advice: "Compare runs of one task.")
      }
      if let first = comparison.entries.first?.results.last, first.classes.map(\.name) != last.classes.map(\.name) {
        throw LongtailError(.usage, "the runs in \(directory) have different classes", advice: "Compare runs of one data set.")
      }
      var isFinished = last.step >= results.stepCount
      do {
        let experiment = try Experiment.open(results.configuration, communicator: SingleProcess())
        experiments[comparison.entries.count] = experiment
        let total = try Trainer.totalSteps(of: experiment)
        isFinished = last.step >= total
        if !isFinished {
          comparison.notes.append("\(label) is not finished: step \(last.step) of \(total). It is shown, but counts in no mean.")
        }
      } catch {
        comparison.notes.append("\(label): no pictures, since its data is not here (\(error)).")
      }
      comparison.entries.append(.init(candidate: run.candidate, seed: run.seed, fold: run.fold, results: results, isFinished: isFinished))
    }
    guard !comparison.entries.isEmpty else {
      throw LongtailError(.missingInput, "no run in \(directory) has an evaluation yet", advice: comparison.notes.joined(separator: "\n  "))
    }
    comparison.facts = experiments.min { $0.key < $1.key }.map { NetworkFacts($0.value) } ?? NetworkFacts()
    try askNetworks(&comparison, experiments)
    return try ["md": comparison.markdown, "csv": comparison.csv, "html": comparison.html].sorted { $0.key < $1.key }
      .map { ending, text in try save(text, "report.\(ending)") }
  }

  /// Predicts the pictures, and counts batch by batch where that was asked for, with the newest checkpoint of each run.
  private func askNetworks(_ comparison: inout Comparison, _ experiments: [Int: Experiment]) throws {
    // The same images for all runs, so those of one fold.
    var shown: [Int] = []
    var shownFold: Int?
    for (place, entry) in comparison.entries.enumerated() {
      guard let experiment = experiments[place] else { continue }
      let store = CheckpointStore(directory: "\(entry.results.path)/checkpoints")
      guard let newest = try? store.latestValid().newest else {
        comparison.notes.append("\(entry.label): no pictures, since there is no valid checkpoint.")
        continue
      }
      let contents = try store.load(newest)
      let record = "\(entry.results.path)/label-audit.json"
      let statistics = try ClassStatistics.collect(
        experiment, communicator: SingleProcess(), record: FileManager.default.fileExists(atPath: record) ? record : nil,
        threads: max(1, experiment.configuration.data.loader.threads))
      let network = try TrainedNetwork.make(experiment, contents)
      let objective = try statistics.objective(experiment.configuration)
      try objective.restore(from: contents)
      let count = experiment.configuration.reporting.pictures
      if count > 0 {
        if comparison.pictures == nil {
          comparison.pictures = ComparisonPictures(legend: zip(experiment.classNames, experiment.palette).map { ($0, $1) })
          shownFold = entry.fold
          shown = try experiment.task.showcase(experiment.evaluationSplit, groups: statistics.groups, count: count)
        }
        if entry.fold == shownFold {
          let inference = experiment.inference(network, offsets: objective.predictionOffsets)
          try comparison.pictures?.add(run: entry.label, shown.map { try experiment.figure($0, inference) })
        }
      }
      if withIbla {
        let report = try Evaluator(experiment, groups: statistics.groups, communicator: SingleProcess())
          .evaluate(network, objective: objective, step: contents.run.globalStep, epoch: contents.run.epoch)
        comparison.entries[place].foreignScores = report.evaluation.foreignScores.map(\.score)
        comparison.remarks = report.evaluation.foreignScores.map(\.remark)
      }
    }
  }

  private func title(_ plan: ComparisonPlan) -> String {
    var names: [String] = []
    for run in plan.runs where !names.contains(run.candidate) { names.append(run.candidate) }
    return names.count == 1 ? "\(names[0])" : "Comparison of \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "")"
  }

  private func save(_ text: String, _ name: String) throws -> String {
    let path = "\(directory)/\(name)"
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and space.")
    }
    return path
  }
}
