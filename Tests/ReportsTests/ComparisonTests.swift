import Foundation
import Images
import Reports
import Tensors
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Notes where a page is not well-formed, and what its elements refer to.
final class PageReader: NSObject, XMLParserDelegate {
  private(set) var problem: String?
  private(set) var elements: [String] = []
  private(set) var references: [String] = []
  private(set) var text = ""

  init(_ page: String) {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    if !parser.parse() { problem = "line \(parser.lineNumber): \(String(describing: parser.parserError))" }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
  ) {
    elements.append(name)
    for (key, value) in attributes where ["src", "href", "srcset", "data", "action", "xlink:href"].contains(key) {
      references.append(value)
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct ComparisonTests {
  /// A run directory as a trainer leaves it: two epochs of two steps, the sky found better by the seed.
  private func run(_ path: String, seed: Int, sky: Double = 0.9, name: String = "sky") throws -> RunResults {
    let directory = try RunDirectory.open(at: path)
    defer { directory.close() }
    try directory.writeConfiguration("seed: \(seed)\nobjective: {name: pat}\n")
    let classes = [(name, 700), ("pole", 10), ("train", 0)]
    try directory.writeClasses(
      ClassesRecord(
        segmentation,
        classes.map { .init(name: $0.0, group: "head", trainingCount: $0.1, trainingImages: min(4, $0.1), colour: .distinct(1)) },
        labelMapDigest: "", groupRule: ""))
    let log = try JSONLines(path: directory.logPath)
    let evaluations = try JSONLines(path: directory.classLogPath)
    for number in 1...4 {
      var record = StepRecord()
      (record.step, record.epoch, record.seconds) = (number, (number + 1) / 2, number == 1 ? 60 : 0.5)
      record.loss = number == 2 ? .nan : 1 / Double(number)
      try log.append(record)
      guard number % 2 == 0 else { continue }
      var result = EvaluationRecord(segmentation)
      (result.step, result.epoch, result.images, result.averagedClasses) = (number, number / 2, 5, 2)
      result.classes = [
        classRecord(
          name, "head", pixels: 1000, predicted: 1100, iou: sky, accuracy: 1, precision: 1000.0 / 1100, gradientShare: 0.5),
        classRecord(
          "pole", "tail", pixels: 100, predicted: 0, iou: 0, accuracy: 0, precision: nil, gradientShare: number == 2 ? 0 : 0.02,
          takenFor: [.init(name, 90), .init("train", 10)]),
        classRecord("train", "tail", pixels: 0, predicted: 0, iou: nil, accuracy: nil, precision: nil),
      ]
      result.setScores(miou: sky / 2, groups: ["head": sky, "tail": 0], pixelAccuracy: 0.9, meanAccuracy: 0.475)
      try evaluations.append(result)
    }
    try log.close()
    try evaluations.close()
    return try RunResults(readingFrom: path)
  }

  private func comparison(in directory: String, name: String = "a") throws -> Comparison {
    Comparison(
      title: "a & b",
      entries: [
        .init(candidate: name, seed: 0, results: try run("\(directory)/1", seed: 0, sky: 0.8), isFinished: true),
        .init(candidate: name, seed: 1, results: try run("\(directory)/2", seed: 1, sky: 0.9), isFinished: true),
        .init(candidate: name, seed: 2, results: try run("\(directory)/3", seed: 2, sky: 0.1), isFinished: false),
        .init(candidate: "b", seed: 1, results: try run("\(directory)/4", seed: 1, sky: 0.7), isFinished: true),
      ])
  }

  @Test func algorithmsAreComparedAmongRunsOfTheSamePasses() throws {
    try withTemporaryDirectory { directory in
      func results(_ name: String, digest: String, _ keys: String = "") throws -> RunResults {
        let path = "\(directory)/\(name)"
        _ = try run(path, seed: 0)
        try "objective: {name: pat}\n\(keys)".write(toFile: "\(path)/config.yaml", atomically: true, encoding: .utf8)
        let record = try RunDirectory.open(at: path)
        defer { record.close() }
        var environment = RunEnvironment.current(variables: [:], directory: "/")
        environment.algorithms = .init(source: "model", digest: digest)
        try record.writeEnvironment(environment)
        return try RunResults(readingFrom: path)
      }
      func note(_ runs: RunResults...) -> String? {
        Comparison(title: "a", entries: runs.map { .init(candidate: "a", seed: 0, results: $0, isFinished: true) }).algorithmNote
      }
      let one = try results("1", digest: "x")
      let head = try results("3", digest: "y", "model: {trained: [classifier.*]}\n")
      let other = note(one, try results("2", digest: "y"))
      #expect(other?.contains("different algorithms") == true)
      #expect(note(one, try results("4", digest: "x")) == nil)
      #expect(note(one, head) == nil)
      #expect(note(head, try results("5", digest: "z", "model: {trained: [classifier.*]}\n")) != nil)
      #expect(note(one, try results("6", digest: "y", "method: {name: classifierRetraining}\n")) == nil)
    }
  }

  @Test func logsAreReadBackAsTheyWereWritten() throws {
    try withTemporaryDirectory { directory in
      let results = try run("\(directory)/run", seed: 7)
      #expect(results.configuration.seed == 7)
      #expect(results.steps.map(\.step) == [1, 2, 3, 4])
      #expect(results.steps[1].loss.isNaN)
      #expect(results.secondsPerStep == 0.5)
      #expect(results.lossByEpoch.map(\.epoch) == [1, 2])
      #expect(results.lossByEpoch[1].loss == (1.0 / 3 + 0.25) / 2)
      let last = try #require(results.last)
      #expect(last.step == 4)
      #expect(last.main == 0.45)
      #expect(last.groups == ["head", "tail"])
      #expect(last.classes[0].trainingShare == 700.0 / 710)
      #expect(last.classes[1].takenFor == [.init("sky", 90), .init("train", 10)])
      #expect(last.main(ofClass: 2) == nil && last.main(ofClass: 0) == 0.9)
      #expect(results.gradientShares == [0.5, 0.01, nil])

      // A line that was torn by a killed process is passed over, one that is not ours is named.
      let path = "\(directory)/run/log.jsonl"
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      try (whole + "{\"step\":5,\"ep").write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try RunResults(readingFrom: "\(directory)/run").steps.count == 4)
      try (whole + "{\"step\":5}\n").write(toFile: path, atomically: true, encoding: .utf8)
      let error = longtailError { try RunResults(readingFrom: "\(directory)/run") }
      #expect(error?.code == .badData)
      #expect(error?.message.contains("log.jsonl:5") == true)
      #expect(longtailError { try RunResults(readingFrom: "\(directory)/none") }?.code == .missingInput)
    }
  }

  @Test func foldsAreRunsOfACandidateAndPairs() throws {
    try withTemporaryDirectory { directory in
      var entries: [Comparison.Entry] = []
      for (candidate, shift) in [("a", 0.0), ("b", 0.05)] {
        for fold in 0..<2 {
          for seed in 0..<2 {
            // Folds differ by far more than candidates do, and seeds a little.
            var sky: Double = 0.5 + shift
            sky += 0.2 * Double(fold)
            sky += 0.01 * Double(seed)
            let results = try run("\(directory)/\(candidate)\(fold)\(seed)", seed: seed, sky: sky)
            entries.append(.init(candidate: candidate, seed: seed, fold: fold, results: results, isFinished: true))
          }
        }
      }
      let comparison = Comparison(title: "folds", entries: entries)
      #expect(comparison.hasFolds && comparison.candidates.map(\.finished.count) == [4, 4])
      let metric = try #require(comparison.metrics.first)
      let difference = comparison.difference(metric, of: comparison.candidates[1])
      #expect(difference.count == 4)
      #expect(abs((difference.mean ?? 0) - 0.025) < 1e-12 && (difference.standardDeviation ?? 1) < 1e-12)
      let own = comparison.candidates[0].statistics(metric)
      #expect(abs((own.mean ?? 0) - 0.3025) < 1e-12 && (own.standardDeviation ?? 0) > 0.05)
      #expect(comparison.csv.hasPrefix("row,name,objective,fold,seed,runs,"))
      #expect(comparison.csv.contains("run,b,pat,1,0,1,true,4"))
      #expect(comparison.runTable.rows[2].prefix(3) == ["a", "1", "0"])
      #expect(comparison.markdown.contains("means over folds and seeds") && comparison.markdown.contains("pairs of equal fold and seed"))
      #expect(entries[3].label == "a, fold 1, seed 1")
      // Without folds nothing speaks of them.
      let plain = Comparison(title: "plain", entries: [.init(candidate: "a", seed: 0, results: entries[0].results, isFinished: true)])
      #expect(!plain.csv.contains("fold") && !plain.markdown.contains("fold"))
    }
  }

  @Test func meansCountFinishedRunsAlone() throws {
    try withTemporaryDirectory { directory in
      let comparison = try comparison(in: directory)
      let candidates = comparison.candidates
      #expect(candidates.map(\.name) == ["a", "b"])
      #expect(candidates.map(\.finished.count) == [2, 1])
      let miou = comparison.standard[0]
      #expect(candidates[0].statistics(miou) == SampleStatistics([0.4, 0.45]))
      #expect(candidates[1].statistics(miou).standardDeviation == nil)
      // Only seed 1 is a pair.
      let difference = comparison.difference(miou, of: candidates[1])
      #expect(difference.count == 1)
      #expect(difference.mean == 0.35 - 0.45)
      #expect(
        comparison.csv.split(separator: "\r\n").map { $0.prefix { $0 != "," } } == [
          "row", "run", "run", "run", "mean", "standardDeviation", "run", "mean", "standardDeviation",
        ])
      #expect(comparison.classOrder == [0, 1, 2])
    }
  }

  @Test func cellsOfTheCSVAreQuoted() throws {
    try withTemporaryDirectory { directory in
      var comparison = try comparison(in: directory)
      comparison.entries = [
        .init(candidate: "a,\"b\"", seed: 0, results: try run("\(directory)/odd", seed: 0, name: "sky\nline"), isFinished: true)
      ]
      let csv = comparison.csv
      #expect(csv.contains("run,\"a,\"\"b\"\"\",pat,0,1,true,4,0.45,0.0,,0.9,0.9,0.475,0.9,0.0,,0.5\r\n"))
      #expect(csv.contains(",\"iou.sky\nline\",iou.pole,iou.train,secondsPerStep\r\n"))
    }
  }

  /// Names come from files: none of them may break the page or reach the network.
  @Test func thePageIsWellFormedWhateverTheNames() throws {
    try withTemporaryDirectory { directory in
      let nasty = "<script src=\"http://x\">'&\u{1};]]>--"
      var comparison = try comparison(in: directory, name: nasty)
      comparison.entries[0] = .init(
        candidate: nasty, seed: 0, results: try run("\(directory)/nasty", seed: 0, name: nasty), isFinished: true)
      comparison.notes = [nasty]
      let page = PageReader(comparison.html)
      #expect(page.problem == nil)
      #expect(page.references.isEmpty)
      #expect(!page.elements.contains("script") && !page.elements.contains("link"))
      #expect(page.text.contains("<script src=\"http://x\">'&\u{FFFD};]]>--"))
      #expect(page.elements.filter { $0 == "polyline" }.count == 3 * (3 + 1 + 1))
      #expect(!comparison.html.contains("url(") && !comparison.html.contains("@import"))
    }
  }

  @Test func theTailIsExplained() throws {
    try withTemporaryDirectory { directory in
      let comparison = try comparison(in: directory)
      let diagnosis = try #require(comparison.diagnosis(of: comparison.candidates[0]))
      #expect(diagnosis.findings.map(\.className) == ["pole"])
      #expect(diagnosis.findings.first?.isNeverPredicted == true)
      #expect(
        diagnosis.findings.first?.causes == [
          .fewImages(4, of: nil),
          .starvedGradient(pixelShare: 10.0 / 710, gradientShare: 0.01, equalShare: 1.0 / 3, isHomogenized: true),
          .confused(with: "sky", share: 0.9),
        ])
      let markdown = comparison.markdown
      #expect(markdown.contains("- **pole** (never predicted)"))
      #expect(markdown.contains("| pole | 10 | 1.41 | 4 | 1.00 | 100 | never | – | 0.00 | 0.00 ± 0.00 | sky (90 %) |"))
      #expect(markdown.contains("| a | pat | 2 | 42.50 ± 3.54 |"))
    }
  }

  @Test func nothingFinishedIsStillAPage() throws {
    try withTemporaryDirectory { directory in
      var comparison = try comparison(in: directory)
      comparison.entries = [comparison.entries[2]]
      #expect(PageReader(comparison.html).problem == nil)
      #expect(comparison.markdown.contains("not finished"))
      #expect(comparison.differenceTable == nil)
    }
  }
}
