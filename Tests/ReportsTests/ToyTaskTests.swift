import Foundation
import Reports
import TestSupport
import Testing

/// A task that only a probe of these tests knows and registers, without any of the house: a label for each image, a tally that is no sum, scores of its own. Trained, evaluated, best by
/// its own score, compared and reported, on one rank and on several.
@Suite(.serialized) struct ToyTaskTests {
  private struct Printed: Decodable {
    var step: Int
    var images: Int
    var scores: [String: Double?]
    var digest: String?
    var earlyEnd: String?
  }

  /// Plain in a first stage; then the last layer alone, on images drawn class by class, until its own score gets no better.
  private static let stages = """
    stages:
      - {name: first, training: {epochs: 2}}
      - name: second
        start: {stage: first, weights: best, except: [head.*]}
        model: {trained: [head.*]}
        data: {sampler: {name: classAware, settings: {samplesPerClass: 2}}}
        objective: {name: crossEntropy}
        training: {epochs: 30, earlyStopping: {score: top.few, patience: 2}}

    """

  private func run(_ directory: String, ranks: Int?, seed: Int = 1, stages: String = "", killedAt: [String] = []) throws -> Printed {
    let path = "\(directory).yaml"
    try """
    seed: \(seed)
    task: toy
    data: {name: squares, size: {width: 16, height: 16}}
    objective: {name: balancedSoftmax}
    optimizer: {name: adamw, learningRate: 0.02}
    training: {epochs: 3, globalBatch: 24}
    checkpoint: {every: 1, keepLast: 1, best: [top.few, surprise]}
    evaluation: {batch: 4}
    engine: {algorithms: direct, threads: 1}
    reporting: {pictures: 2, tensorboard: true}
    \(stages)
    """.write(toFile: path, atomically: true, encoding: .utf8)
    if !killedAt.isEmpty {
      let killed = try Program.run("ToyProbe", [path, directory] + killedAt, ranks: ranks)
      #expect(killed.exitCode != 0)
    }
    let outcome = try Program.run("ToyProbe", [path, directory], ranks: ranks)
    try #require(outcome.exitCode == 0, "\(ranks ?? 1) ranks: \(outcome)")
    let line = try #require(outcome.output.split(separator: "\n").last { $0.hasPrefix("{") })
    var printed = try JSONDecoder().decode(Printed.self, from: Data(line.utf8))
    func word(_ key: String) -> String? {
      outcome.output.split(separator: "\n").last { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count + 1)) }
    }
    (printed.digest, printed.earlyEnd) = (word("digest"), word("early end"))
    return printed
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH"))
  func twoStagesOnAnyNumberOfRanksKilledAndResumed() throws {
    try withTemporaryDirectory { directory in
      let alone = try run("\(directory)/alone", ranks: nil, stages: ToyTaskTests.stages)
      #expect(alone.earlyEnd != "none", "30 epochs are more than it takes")
      let second = "\(directory)/alone/stages/2-second"
      let results = try RunResults(readingFrom: second)
      #expect(results.task.name == "toy" && results.evaluations.count < 30)
      let best = try JSONDecoder().decode(BestRecord.self, from: Data(contentsOf: URL(fileURLWithPath: "\(second)/best.json"))).scores
      #expect(best.last?.name == "top.few" && best.last?.entry.value == results.evaluations.compactMap { $0.main(ofGroup: "few") }.max())
      // The sampler shows every class as often: the few are found far better than by chance.
      #expect((alone.scores["top.few"] ?? 0) ?? 0 > 0.5)
      for ranks in [1, 2, 4] {
        let whole = try run("\(directory)/\(ranks)", ranks: ranks, stages: ToyTaskTests.stages)
        for (name, value) in alone.scores {
          let (one, many) = (try #require(value), try #require(whole.scores[name] ?? nil))
          #expect(abs(one - many) < 1e-3 * max(1, abs(one)), "\(name) on \(ranks) ranks")
        }
        // In the first stage, before its first checkpoint; in the second one, in the middle of an epoch.
        for place in [["first", "3"], ["second", "12"]] {
          let killed = try run(
            "\(directory)/\(ranks)-\(place[0])", ranks: ranks, stages: ToyTaskTests.stages, killedAt: place)
          #expect(killed.digest == whole.digest && killed.step == whole.step && killed.scores == whole.scores, "\(place) on \(ranks) ranks")
        }
      }
      let entries = try ["alone", "2"].map { place in
        Comparison.Entry(
          candidate: place, seed: 1, results: try RunResults(readingFrom: "\(directory)/\(place)/stages/2-second"), isFinished: true)
      }
      #expect(PageReader(Comparison(title: "stages", entries: entries).html).problem == nil)
      #expect(PageReader(try String(contentsOfFile: "\(second)/report.html", encoding: .utf8)).problem == nil)
    }
  }

  @Test func trainedJudgedComparedAndReported() throws {
    try withTemporaryDirectory { directory in
      let alone = try run("\(directory)/1", ranks: nil)
      #expect(alone.images == 27)
      #expect(
        Set(alone.scores.keys)
          == ["top", "top.many", "top.medium", "top.few", "surprise", "loss", "top.red", "top.green", "top.blue", "top.white"])
      #expect((alone.scores["top"] ?? 0) ?? 0 > 0.5, "four classes, so that chance is a quarter: \(alone.scores)")

      let results = try RunResults(readingFrom: "\(directory)/1")
      #expect(results.task.name == "toy" && results.task.unit == "images" && results.task.groups == ["many", "medium", "few"])
      let last = try #require(results.last)
      #expect(last.classes.map(\.group) == ["many", "medium", "medium", "few"])
      #expect(last.classes.map(\.count) == [9, 7, 6, 5] && last.classes.map(\.trainingShare) == [110, 30, 20, 8].map { $0 / 168 })

      // Best by the toy's scores: the larger of one, the smaller of the other, over all evaluations.
      let best = try JSONDecoder().decode(
        BestRecord.self, from: Data(contentsOf: URL(fileURLWithPath: "\(directory)/1/best.json"))
      ).scores
      #expect(best.map(\.name) == ["surprise", "top.few"])
      let surprise = try results.evaluations.map { try #require($0.scores.first { $0.name == "surprise" }?.value) }
      #expect(best.first?.entry.value == surprise.min() && Set(surprise).count == 3)
      #expect(best.last?.entry.value == results.evaluations.compactMap { $0.main(ofGroup: "few") }.max())

      let page = PageReader(try String(contentsOfFile: "\(directory)/1/report.html", encoding: .utf8))
      #expect(page.problem == nil)
      for text in ["few top", "Surprise", "Confusions", "numbers of the labelled training images"] {
        #expect(page.text.contains(text), "\(text)")
      }
      let table = try String(contentsOfFile: "\(directory)/1/final-table.md", encoding: .utf8)
      #expect(table.contains("| class | group | train % | images | top % | gradient % | note |") && table.contains("27 labelled images"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/1/examples").count == 4 * 3)
      #expect(try !FileManager.default.contentsOfDirectory(atPath: "\(directory)/1/tensorboard").isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/1/pictures").count == 1)

      let other = try run("\(directory)/2", ranks: nil, seed: 2)
      var entries: [Comparison.Entry] = []
      for (place, seed) in [("1", 1), ("2", 2)] {
        entries.append(
          .init(candidate: "toy", seed: seed, results: try RunResults(readingFrom: "\(directory)/\(place)"), isFinished: true))
      }
      let comparison = Comparison(title: "toys", entries: entries)
      #expect(comparison.metrics.map(\.key) == ["top", "top.few", "top.medium", "top.many", "surprise", "secondsPerStep"])
      #expect(comparison.csv.contains(",top.red,top.green,top.blue,top.white,secondsPerStep"))
      #expect(PageReader(comparison.html).problem == nil && comparison.markdown.contains("## top by class, in per cent"))
      // Images are counted: there is no resolution at which they are judged, and they are listed once.
      #expect(!comparison.html.contains("resolution") && !comparison.markdown.contains("| training images | images |"))
      #expect(comparison.markdown.contains("| class | group | training images |"))
      #expect(other.scores != alone.scores)
      let listing = try RunListing([directory], order: .score("surprise"))
      let values = listing.rows.compactMap { row in row.results.last?.scores.first { $0.name == "surprise" }?.value }
      #expect(values == values.sorted() && values.count == 2, "the smaller one is the better one")
    }
  }

  @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH: one rank alone was tested"))
  func ranksChangeNothing() throws {
    try withTemporaryDirectory { directory in
      let alone = try run("\(directory)/alone", ranks: nil)
      for ranks in [1, 2, 4] {
        let several = try run("\(directory)/\(ranks)", ranks: ranks)
        #expect(several.step == alone.step && Set(several.scores.keys) == Set(alone.scores.keys))
        for (name, value) in alone.scores {
          let (one, many) = (try #require(value), try #require(several.scores[name] ?? nil))
          #expect(abs(one - many) < 1e-3 * max(1, abs(one)), "\(name) on \(ranks) ranks")
        }
      }
    }
  }
}
