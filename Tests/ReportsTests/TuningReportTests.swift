import Foundation
import Tasks
import TestSupport
import Testing

@testable import Reports

@Suite struct TuningReportTests {
  private var miou: ScoreKind { ScoreKind("miou", title: "mIoU", scopes: [.whole, .groups], rank: .main) }

  /// A grid of two keys on two folds and two seeds: the rate adds 0.1 between its values, the width 0.01, fold 1 lies 0.2 above fold 0, and every
  /// run has a residual of ±0.02 that no two runs of a candidate have alike.
  private func report(done: Int = 1) -> TuningReport {
    var candidates: [TuningReport.Candidate] = []
    for (i, rate) in ["0.001", "0.01", "0.1"].enumerated() {
      for (j, width) in ["8", "16"].enumerated() {
        var runs: [TuningReport.Run] = []
        for fold in 0..<2 {
          for seed in 0..<2 {
            var run = TuningReport.Run(fold: fold, seed: seed)
            let residual = (fold + seed + i + j) % 2 == 0 ? 0.02 : -0.02
            var score: Double = 0.3 + residual
            score += 0.1 * Double(i)
            score += 0.01 * Double(j)
            score += 0.2 * Double(fold)
            run.scores = [score]
            run.curve = [(1, score / 2), (2, score)]
            runs.append(run)
          }
        }
        candidates.append(.init(name: "rate=\(rate)_width=\(width)", values: [rate, width], runs: runs))
      }
    }
    var report = TuningReport(
      title: "a <search>", score: miou, of: .group("tail"),
      keys: [.init("model.width", .values(["8", "16"])), .init("optimizer.rate", .ratios)],
      candidates: candidates.map { candidate in
        var candidate = candidate
        candidate.values.reverse()
        return candidate
      }, rungs: [.init(share: 0.5, candidates: 6), .init(share: 1, candidates: 2)])
    report.doneRungs = done
    return report
  }

  @Test func theNoiseIsThatOfRunsOfEqualCandidates() throws {
    let noise = report().noise
    // Within a candidate: two runs ±0.02 in each fold, and folds 0.2 apart: squares around the mean 4 (0.1² + 0.02²), over 3.
    let variance: Double = 4.0 * 0.0104 / 3.0
    let ofRuns: Double = try #require(noise.ofRuns)
    #expect(abs(ofRuns - variance.squareRoot()) < 1e-12)
    // What candidates share of a run is taken out; of the residuals what is left by 6 candidates and 4 runs: all have mean 0 both ways, but that
    // three candidates have one sign and three the other, so nothing is shared.
    let pairs: Double = 24.0 * 0.0004 / 15.0
    let ofPairs: Double = try #require(noise.ofPairs)
    #expect(abs(ofPairs - pairs.squareRoot()) < 1e-12)
    var single = report()
    for place in single.candidates.indices { single.candidates[place].runs.removeLast(3) }
    #expect(single.noise == TuningReport.Noise() && single.effects.allSatisfy { $0.ratio == nil })
  }

  @Test func whatMatteredComesFirst() throws {
    let effects = report().effects
    #expect(effects.map(\.key.name) == ["optimizer.rate", "model.width"])
    let rate = effects[0]
    #expect(rate.levels.map(\.title) == ["0.001", "0.01", "0.1"])
    #expect(rate.levels.map(\.runs) == [8, 8, 8])
    let rateDifference = try #require(rate.difference)
    #expect(abs(rateDifference - 0.2) < 1e-12)
    let width = effects[1]
    #expect(width.levels.map(\.title) == ["8", "16"] && width.levels.map(\.runs) == [12, 12])
    let widthDifference = try #require(width.difference)
    #expect(abs(widthDifference - 0.01) < 1e-12)
    let pair = try #require(report().noise.ofPairs)
    let noise = try #require(width.noise)
    let expected: Double = pair * (1.0 / 6.0).squareRoot()
    #expect(abs(noise - expected) < 1e-12)
    let (rateRatio, widthRatio) = (try #require(rate.ratio), try #require(width.ratio))
    #expect(rateRatio > 10 && widthRatio < 2)
  }

  @Test func whoComesFurtherIsBetter() throws {
    var report = report()
    #expect(report.best?.name == "rate=0.1_width=16")
    // The second rung turns two of them round.
    for place in [3, 4] {
      for run in report.candidates[place].runs.indices { report.candidates[place].runs[run].scores.append(place == 3 ? 0.6 : 0.55) }
    }
    report.doneRungs = 2
    #expect(report.ranking.prefix(3) == [3, 4, 5])
    #expect(report.best?.values == ["16", "0.01"])
    report.candidates[3].failure = "the loss ran away"
    #expect(report.best?.values == ["8", "0.1"] && report.ranking.last == 3)
    // The effects are still those of the first rung, without the candidate that failed.
    #expect(report.effects[0].levels[1].values.count == 1)
    var empty = self.report(done: 0)
    for place in empty.candidates.indices {
      for run in empty.candidates[place].runs.indices { empty.candidates[place].runs[run].scores = [] }
    }
    #expect(empty.best == nil && empty.noise == TuningReport.Noise())
    #expect(PageReader(empty.html).problem == nil)
  }

  @Test func smallerIsBetterWhereTheScoreSaysSo() {
    var report = report()
    report.score = ScoreKind("error", title: "error", direction: .smaller, scopes: [.whole], rank: .main)
    #expect(report.best?.values == ["8", "0.001"])
  }

  @Test func rungsSayWhatWasReallyTrained() {
    var report = report()
    #expect(report.longerRungs == nil && report.markdown.contains("6 up to 50 % of the epochs, then 2 up to all epochs"))
    for place in report.candidates.indices { report.candidates[place].shares = [place < 3 ? 0.75 : 0.8, 1] }
    #expect(abs(report.meanShares[0] - 0.775) < 1e-12 && report.meanShares[1] == 1)
    #expect(report.longerRungs?.contains("rung 1 up to 75 to 80 % of the epochs, not 50 %") == true)
    #expect(report.markdown.contains("6 up to 75 to 80 % of the epochs, then 2 up to all epochs"))
    #expect(report.csv.contains("candidate,rate=0.1_width=16,16,0.1,,,4,1,0.8,"))
    #expect(report.bestLine?.hasSuffix("after 75 to 80 % of the epochs") == true)
  }

  @Test func thePagesHaveTheNumbers() throws {
    let report = report()
    let page = PageReader(report.html)
    #expect(page.problem == nil && page.references.isEmpty)
    #expect(page.text.contains("a <search>") && page.text.contains("The search is not over: 1 of 2 rungs done."))
    #expect(page.text.contains("tail mIoU"))
    // A dot for each candidate in the chart of each key.
    #expect(page.elements.count { $0 == "circle" } >= 12)
    let lines = report.csv.components(separatedBy: "\r\n").dropLast()
    #expect(lines.first == "row,candidate,model.width,optimizer.rate,fold,seed,runs,rung,share,score,standardDeviation,score.1,score.2")
    #expect(lines.count == 1 + 6 * 5)
    #expect(lines[1].hasPrefix("candidate,rate=0.1_width=16,16,0.1,,,4,1,0.5,0.6"))
    #expect(report.markdown.contains("| optimizer.rate | 0.001 | 2 |"))
    for text in [report.html, report.markdown, report.csv] { #expect(OwnFile.isOwn(head: Data(text.utf8))) }
    #expect(report.bestLine?.contains("model.width=16, optimizer.rate=0.1: tail mIoU 61.00") == true)
  }

  /// Writes the page where somebody may look at it.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["LONGTAIL_PAGES"] != nil)) func aPageToLookAt() throws {
    let directory = try #require(ProcessInfo.processInfo.environment["LONGTAIL_PAGES"])
    try report().html.write(toFile: "\(directory)/tune.html", atomically: true, encoding: .utf8)
  }
}
