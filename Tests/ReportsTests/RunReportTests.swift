import Configuration
import Foundation
import Reports
import Segmentation
import Tasks
import TestSupport
import Testing
import Training

@Suite struct RunReportTests {
  @Test("homogenization is seen in every form of a sum's terms")
  func homogenizationOfTerms() throws {
    func homogenizes(_ settings: String, name: String = "weightedSum") throws -> Bool {
      try Configuration(yaml: "objective: {name: \(name), settings: \(settings)}").objective.homogenizesGradients
    }
    let none = [
      "{terms: 'crossEntropy:1, dice:0.5'}", "{terms: {ohem: 1, dice: {weight: 1, extent: batch}}}",
      "{terms: [{name: pat, settings: {homogenization: none}}, dice: 1]}", "{terms: {pat: {homogenization: none}}}",
    ]
    let some = [
      "{terms: 'dice, pat:2'}", "{terms: {pat: 1, dice: 1}}", "{homogenization: mean}",
      "{terms: [crossEntropy: 1, {name: logitAdjustment, weight: 1, settings: {homogenization: rootMeanSquare}}]}",
      "{terms: {crossEntropy: {homogenization: maskSize}}}", "{terms: [{name: pat}]}",
    ]
    for settings in none { #expect(try !homogenizes(settings), "\(settings)") }
    for settings in some { #expect(try homogenizes(settings), "\(settings)") }
    #expect(try homogenizes("{}", name: "pat"))
    #expect(try !homogenizes("{homogenization: none}", name: "pat"))
  }

  /// A finished run over some classes: each is mostly right, and the last is taken for the first altogether.
  private func run(_ path: String, classes names: [String], details: Bool = true, epochs: Int = 2) throws {
    let directory = try RunDirectory.open(at: path)
    defer { directory.close() }
    try directory.writeConfiguration("objective: {name: pat}\ntraining: {epochs: \(epochs), globalBatch: 2}\nseed: 3\n")
    var environment = RunEnvironment.current(variables: [:], directory: "/")
    environment.versions = ["oneDNN": "3.1.0"]
    try directory.writeEnvironment(environment)
    let groups = names.indices.map { $0 < names.count / 3 ? "head" : $0 < 2 * names.count / 3 ? "medium" : "tail" }
    try directory.writeClasses(
      ClassesRecord(
        segmentation,
        names.indices.map {
          .init(name: names[$0], group: groups[$0], trainingCount: 1000 / ($0 + 1), trainingImages: 4, colour: .distinct($0))
        }, labelMapDigest: "", groupRule: ""))
    let log = try JSONLines(path: directory.logPath)
    let evaluations = try JSONLines(path: directory.classLogPath)
    for number in 1...4 {
      var record = StepRecord()
      (record.step, record.epoch, record.seconds, record.images) = (number, (number + 1) / 2, 0.5, 2)
      (record.loss, record.learningRate, record.isSkipped) = (1 / Double(number), 1e-3, number == 2)
      record.phases = [NamedNumber("forward", 0.3), NamedNumber("backward", 0.2)]
      try log.append(record)
    }
    var counts = Array(repeating: Int64(0), count: names.count * names.count)
    for k in names.indices {
      counts[k * names.count + (k == names.count - 1 ? 0 : k)] = 90
      counts[k * names.count + (k + 1) % names.count] += k == names.count - 1 ? 0 : 10
    }
    let matrix = try ConfusionMatrix(classes: names.count, counts: counts)
    var result = EvaluationRecord(segmentation)
    (result.step, result.epoch, result.images, result.averagedClasses) = (4, 2, 5, names.count)
    result.classes = names.indices.map { k in
      classRecord(
        names[k], groups[k], pixels: Int(matrix.pixelsPerClass[k]), predicted: k == names.count - 1 ? 0 : 90,
        iou: matrix.intersectionOverUnion[k], accuracy: matrix.classAccuracy[k], precision: nil)
    }
    result.setScores(miou: 0.5, groups: ["head": 0.5, "medium": 0.5, "tail": 0.5], pixelAccuracy: 0.9)
    try evaluations.append(result)
    try log.close()
    try evaluations.close()
    guard details else { return }
    try directory.writeEvaluation(
      EvaluationDetails(
        segmentation, step: 4, split: "val", classNames: names, confusions: matrix.confusions,
        images: (0..<5).map {
          .init(
            name: "image \($0)",
            score: ImageScore(index: $0, count: 100, correctCount: 50, value: [0.5, 0.2, nil, 0.9, 0.5][$0]))
        }))
  }

  @Test func detailsAreReadBackAsTheyWereWritten() throws {
    try withTemporaryDirectory { directory in
      try run("\(directory)/run", classes: ["sky", "pole", "a \"b\""])
      let read = try EvaluationDetails.read(ofRun: "\(directory)/run")
      let details = try #require(read)
      #expect(details.classNames == ["sky", "pole", "a \"b\""])
      let confusions = try #require(details.confusions)
      #expect(confusions.matrix == [[90, 10, 0], [0, 90, 10], [90, 0, 0]])
      #expect(details.images.map(\.score.value) == [0.5, 0.2, nil, 0.9, 0.5])
      // Images without a label have no rank; no image is both among the best and the worst.
      #expect(details.ranked.map(\.name) == ["image 3", "image 0", "image 4", "image 1"])
      #expect(details.extremes(1).best.map(\.name) == ["image 3"])
      #expect(details.extremes(1).worst.map(\.name) == ["image 1"])
      #expect(details.extremes(9).best.map(\.name) == ["image 3", "image 0"])
      #expect(details.extremes(9).worst.map(\.name) == ["image 1", "image 4"])
      #expect(confusions.confusions().map { [$0.truth, $0.prediction, $0.count] } == [[2, 0, 90], [0, 1, 10], [1, 2, 10]])
      #expect(confusions.confusions().map(\.share) == [1, 0.1, 0.1])
      #expect(confusions.confusions(least: 0.5).count == 1)

      try "{\"step\":4,\"split\":\"val\",\"classes\":[\"a\"],\"confusion\":[],\"images\":[]}".write(
        toFile: "\(directory)/run/evaluation.json", atomically: true, encoding: .utf8)
      #expect(longtailError { try EvaluationDetails.read(ofRun: "\(directory)/run") }?.code == .badData)
      #expect(try EvaluationDetails.read(ofRun: directory) == nil)
    }
  }

  @Test func imagesAreJudgedByTheClassesThatTheyShow() throws {
    // Class 0 is half found, class 1 does not occur but is seen: it costs class 0 nothing that it has not lost already.
    let score = ImageScore(index: 7, try ConfusionMatrix(classes: 3, counts: [5, 5, 0, 0, 0, 0, 0, 0, 20]))
    #expect(score == ImageScore(index: 7, count: 30, correctCount: 25, value: 0.75))
    #expect(ImageScore(index: 0, ConfusionMatrix(classes: 2)).value == nil)
  }

  /// Names come from files: none of them may break the page or reach the network.
  @Test(arguments: [3, 11, 150]) func thePageIsWellFormed(classes: Int) throws {
    try withTemporaryDirectory { directory in
      let nasty = "<script src=\"http://x\">'&\u{1};]]>--"
      let names = [nasty] + (1..<classes).map { "class \($0)" }
      try run("\(directory)/run", classes: names)
      let report = try RunReport(readingFrom: "\(directory)/run", name: nasty)
      let html = report.html
      let page = PageReader(html)
      #expect(page.problem == nil)
      #expect(page.references.isEmpty)
      #expect(!page.elements.contains("script") && !page.elements.contains("link"))
      #expect(!html.contains("url(") && !html.contains("@import"))
      #expect(page.text.contains("<script src=\"http://x\">'&\u{FFFD};]]>--"))
      #expect(html.utf8.count < 400_000, "\(html.utf8.count) bytes for \(classes) classes")
      // Every class has its row and its column in the matrix, and its bar; up to 32 classes there are numbers in the cells.
      #expect(page.text.components(separatedBy: "class \(classes - 1)").count > 4)
      #expect(html.components(separatedBy: " rotate(-90)").count - 1 == classes)
      #expect(html.contains("class=\"on\"") == (classes <= 32))
      #expect(html.contains("class=\"heat\" fill-opacity=\"0.90\""))
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    try withTemporaryDirectory { directory in
      try run("\(directory)/run", classes: ["sky", "pole", "sign"])
      let report = try RunReport(readingFrom: "\(directory)/run")
      #expect(report.state == .finished)
      #expect(report.warnings.contains { $0.hasPrefix("Never predicted: sign.") })
      #expect(report.warnings.contains { $0.hasPrefix("1 step left out") })
      #expect(!report.warnings.contains { $0.contains("No confusion matrix") })
      #expect(report.html.contains("class=\"flag\">never predicted"))

      // A run that somebody made longer is not finished any more, and one without details says so.
      try run("\(directory)/long", classes: ["sky", "pole", "sign"], details: false, epochs: 9)
      let long = try RunReport(readingFrom: "\(directory)/long")
      #expect(long.state == .interrupted)
      #expect(long.results.totalSteps == 18)
      #expect(long.warnings.contains { $0.contains("ended after step 4 of 18") })
      #expect(long.warnings.contains { $0.contains("No confusion matrix") })
      #expect(PageReader(long.html).problem == nil)
      // While a trainer holds the directory it is running.
      let lock = try RunLock(directory: "\(directory)/long")
      #expect(try RunReport(readingFrom: "\(directory)/long").state == .running)
      lock.release()

      // Confusions of another evaluation than the last are not shown.
      try FileManager.default.copyItem(atPath: "\(directory)/run/evaluation.json", toPath: "\(directory)/long/evaluation.json")
      let stale = try String(contentsOfFile: "\(directory)/long/evaluation.json", encoding: .utf8)
      try stale.replacingOccurrences(of: "{\"step\":4", with: "{\"step\":2")
        .write(toFile: "\(directory)/long/evaluation.json", atomically: true, encoding: .utf8)
      #expect(try RunReport(readingFrom: "\(directory)/long").details == nil)
    }
  }

  @Test func aRunThatHasHardlyBegunIsStillAPage() throws {
    try withTemporaryDirectory { directory in
      try "seed: 1\n".write(toFile: "\(directory)/config.yaml", atomically: true, encoding: .utf8)
      let report = try RunReport(readingFrom: directory)
      #expect(report.warnings.contains { $0.hasPrefix("There is no evaluation yet") })
      let page = PageReader(report.html)
      #expect(page.problem == nil)
      #expect(page.text.contains("nothing was recorded"))
    }
  }
}
