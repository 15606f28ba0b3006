import Foundation
import Tasks

extension TuningReport {
  /// The page `tune.md`.
  package var markdown: String {
    var lines = ["# \(title)", "", OwnFile.markdownMark, ""] + explanation.flatMap { [$0, ""] }
    if !notes.isEmpty { lines += notes.map { "- **\($0)**" } + [""] }
    if let bestLine { lines += ["The best: \(bestLine). It is `best.yaml`.", ""] }
    lines += ["## What mattered", ""] + effectExplanation.flatMap { [$0, ""] } + effectTable.markdownLines
    lines += ["", "## Candidates", ""] + candidateTable.markdownLines
    lines += ["", "## Runs", ""] + runTable.markdownLines
    return lines.joined(separator: "\n") + "\n"
  }

  /// The table `tune.csv`: a line for each candidate, the best first, and one for each of its runs. Scores are as files have them, shares
  /// from 0 to 1; what is not known is empty. `score` is that of the last rung that was reached, `score.1` that of the first one, and so
  /// on.
  package var csv: String {
    func cell(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    var head = ["row", "candidate"] + keys.map(\.name)
    head += ["fold", "seed", "runs", "rung", "share", "score", "standardDeviation"]
    var lines = [head + rungs.indices.map { "score.\($0 + 1)" }]
    for candidate in ranking.map({ candidates[$0] }) {
      let rung = min(candidate.rung, doneRungs)
      let last = rung > 0 ? candidate.statistics(atRung: rung - 1) : SampleStatistics([])
      var line = ["candidate", candidate.name] + candidate.values
      line += ["", "", "\(candidate.runs.count)", "\(rung)", rung > 0 ? "\(share(of: candidate, atRung: rung - 1))" : "0"]
      line += [cell(last.mean), cell(last.standardDeviation)]
      lines.append(line + rungs.indices.map { cell(candidate.statistics(atRung: $0).mean) })
      for run in candidate.runs {
        var line = ["run", candidate.name] + candidate.values
        line += [run.fold.map { "\($0)" } ?? "", "\(run.seed)", "1", "\(run.scores.count)", "", cell(run.scores.last ?? nil), ""]
        lines.append(line + rungs.indices.map { $0 < run.scores.count ? cell(run.scores[$0]) : "" })
      }
    }
    return lines.map { $0.map(Comparison.quoted).joined(separator: ",") + "\r\n" }.joined()
  }

  /// The page `tune.html`: one file without scripts or references to others, well-formed as XML too.
  package var html: String {
    func paragraphs(_ lines: [String]) -> [Markup] { lines.map { .element("p", [:], [Markup($0)]) } }
    var body: [Markup] = [.element("h1", [:], [Markup(title)])] + paragraphs(explanation)
    if !notes.isEmpty { body.append(.element("ul", ["class": "notes"], notes.map { .element("li", [:], [Markup($0)]) })) }
    if let bestLine {
      body.append(
        .element(
          "p", [:], [.element("b", [:], ["The best: "]), Markup("\(bestLine). It is "), .element("code", [:], ["best.yaml"]), "."]))
    }
    let (effects, noise) = (effects, noise)
    body += PageParts.section(
      "What mattered",
      paragraphs(effectExplanation) + [
        .element("p", ["class": "legend"], [Markup(EffectChart.legend(noise))]),
        .element(
          "div", ["class": "charts"],
          effects.map { EffectChart($0, score: score, title: scoreTitle, noise: noise.ofPairs ?? noise.ofRuns).markup() }),
        PageParts.table(effectTable),
      ])
    body += PageParts.section("Candidates", [PageParts.table(candidateTable, best: bestCells)])
    let curves = curves
    if !curves.isEmpty {
      body += PageParts.section(
        "Learning curves",
        [
          .element(
            "p", [:], ["Means over the runs of a candidate, thick for those that came furthest. Lines end where a candidate was left."]),
          ChartStyle.legend(curves.map(\.name)),
          LineChart(
            curves: curves, title: score.unit == .share ? "\(scoreTitle), %" : scoreTitle, beginsAtZero: false
          ).markup(),
        ])
    }
    body += PageParts.section("Runs", [PageParts.detail("The score of every run", PageParts.table(runTable))])
    let head: [Markup] = [
      .element("meta", ["charset": "utf-8"]), .element("meta", ["name": "generator", "content": OwnFile.mark]),
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element("title", [:], [Markup(title)]), .style(Comparison.style),
    ]
    let page = Markup.element("html", ["lang": "en"], [.element("head", [:], head), .newline, .element("body", [:], body)])
    return "<!DOCTYPE html>\n" + page.text + "\n"
  }

  /// The best candidate's cells.
  private var bestCells: Set<[Int]> {
    guard best != nil else { return [] }
    return Set((0...keys.count + 1 + rungs.count).map { [0, $0] })
  }

  /// A thick curve for each of the best candidates of those that came furthest, thin ones for all others.
  private var curves: [ComparedCurve] {
    func mean(_ candidate: Candidate) -> [ComparedCurve.Point] {
      let points = candidate.runs.flatMap(\.curve)
      return Set(points.map(\.epoch)).sorted().compactMap { epoch in
        SampleStatistics(points.filter { $0.epoch == epoch }.map(\.score)).mean.map { .init(epoch, score.scaled($0)) }
      }
    }
    let order = ranking.map { candidates[$0] }.filter { $0.rung > 0 }
    let furthest = order.filter { $0.rung == order.first?.rung }.prefix(5)
    let others = order.dropFirst(furthest.count).map(mean)
    return furthest.map { candidate in ComparedCurve(name: candidate.name, runs: [mean(candidate)], mean: mean(candidate)) }
      + (others.isEmpty ? [] : [ComparedCurve(name: "the others", runs: Array(others), mean: [])])
  }
}
