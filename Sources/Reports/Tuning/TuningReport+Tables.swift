import Foundation
import Tasks

extension TuningReport {
  /// What the numbers are, in sentences.
  var explanation: [String] {
    let runs = candidates.first?.runs ?? []
    let folds = Set(runs.compactMap(\.fold)).count
    let seeds = Set(runs.map(\.seed)).count
    let source =
      hasFolds
      ? "on \(Formatting.plural(folds, "fold")) of the training samples with \(Formatting.plural(seeds, "seed")) each"
      : "with \(Formatting.plural(seeds, "seed"))"
    var lines = [
      "\(Formatting.plural(candidates.count, "candidate")), each trained \(source), judged by \(scoreTitle) on validation samples. "
        + "± is the standard deviation over the runs of a candidate (n − 1).",
      rungs.count > 1
        ? "Rungs: \(rungs.indices.map { "\(rungs[$0].candidates) up to \(title(ofRung: $0))" }.joined(separator: ", then ")). Each run follows the schedule of the "
          + "whole run, and pauses behind a rung."
        : "All candidates were trained up to \(rungs.isEmpty ? "the end" : title(ofRung: 0)).",
    ]
    if let longerRungs { lines.append(longerRungs) }
    if doneRungs < rungs.count { lines.append("The search is not over: \(doneRungs) of \(Formatting.plural(rungs.count, "rung")) done.") }
    return lines
  }

  /// What the table of effects says, in sentences.
  var effectExplanation: [String] {
    let noise = noise
    var lines = [
      "The mean score by value, over all candidates that have it, at the first rung (\(rungs.isEmpty ? "" : title(ofRung: 0))): the only one that all have "
        + "reached."
    ]
    if let ofRuns = noise.ofRuns {
      lines.append(
        "Runs of the same candidate differ by a standard deviation of \(spread(ofRuns))"
          + (noise.ofPairs.map {
            ", of which \(spread($0)) are left when what all candidates share of a \(hasFolds ? "fold or seed" : "seed") is taken out"
          } ?? "")
          + ". Noise is what this alone makes of the difference between the best and the worst value: a key whose difference is not more than "
          + "twice its noise (three times, where it has many values) may not matter at all.")
    } else {
      lines.append("Each candidate has one run, so that the noise is unknown: give --folds or several --seeds.")
    }
    if keys.count > 1 {
      lines.append(
        "Candidates with one value differ in their other keys, too. In a whole grid that is the same for all values; where candidates were "
          + "drawn, it adds to the noise.")
    }
    return lines
  }

  /// A difference of scores, as tables have it.
  private func spread(_ value: Double) -> String { score.cell(value) + (score.unit == .share ? " points" : "") }

  /// The keys, with the one that mattered most first.
  package var effectTable: TextTable {
    var table = TextTable(columns: [
      .init("key"), .init("value"), .init("candidates", isNumeric: true), .init(score.heading, isNumeric: true),
      .init("difference", isNumeric: true), .init("noise", isNumeric: true), .init("times", isNumeric: true),
    ])
    for effect in effects {
      for (place, level) in effect.levels.enumerated() {
        let head =
          place == 0
          ? [
            effect.difference.map { score.cell($0) } ?? "–", effect.noise.map { score.cell($0) } ?? "–",
            effect.ratio.map { Formatting.decimals($0, 1) } ?? "–",
          ] : []
        table.append(
          [place == 0 ? effect.key.name : "", level.title, "\(level.values.count)", level.scores.mean.map { score.cell($0) } ?? "–"] + head)
      }
      table.appendRule()
    }
    return table
  }

  /// Every candidate, the best first.
  package var candidateTable: TextTable {
    let hasFailures = candidates.contains { $0.failure != nil }
    var columns: [TextTable.Column] = [.init("place", isNumeric: true)]
    columns += keys.map { .init($0.name) }
    columns.append(.init("rung", isNumeric: true))
    columns += rungColumns
    if hasFailures { columns.append(.init("note")) }
    var table = TextTable(columns: columns)
    for (place, index) in ranking.enumerated() {
      let candidate = candidates[index]
      var cells: [String] = ["\(place + 1)"]
      cells += candidate.values
      cells.append("\(min(candidate.rung, doneRungs)) of \(rungs.count)")
      cells += rungs.indices.map { candidate.statistics(atRung: $0).text { score.cell($0) } }
      if hasFailures { cells.append(candidate.failure == nil ? "" : "failed") }
      table.append(cells)
    }
    return table
  }

  /// Every run, in the order of the candidates.
  var runTable: TextTable {
    var columns: [TextTable.Column] = [.init("candidate")]
    if hasFolds { columns.append(.init("fold", isNumeric: true)) }
    columns.append(.init("seed", isNumeric: true))
    columns += rungColumns
    var table = TextTable(columns: columns)
    for candidate in ranking.map({ candidates[$0] }) {
      for run in candidate.runs {
        var cells: [String] = [candidate.name]
        if hasFolds { cells.append(run.fold.map { "\($0)" } ?? "") }
        cells.append("\(run.seed)")
        cells += rungs.indices.map { $0 < run.scores.count ? score.cell(run.scores[$0]) : "" }
        table.append(cells)
      }
    }
    return table
  }

  /// A column for each rung, with its score.
  private var rungColumns: [TextTable.Column] {
    rungs.indices.map { .init("\(score.heading), \(title(ofRung: $0))", isNumeric: true) }
  }

  /// What the best candidate is, in a sentence; nil while there is none.
  package var bestLine: String? {
    guard let best else { return nil }
    let rung = min(best.rung, doneRungs)
    let values = zip(keys, best.values).map { "\($0.name)=\($1)" }.joined(separator: ", ")
    return "\(values): \(scoreTitle) \(best.statistics(atRung: rung - 1).text { score.cell($0) })\(score.unit == .share ? " %" : "") over "
      + "\(Formatting.plural(best.runs.count, "run")), after \(title(ofRung: rung - 1))"
  }
}
