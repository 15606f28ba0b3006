import Foundation
import Reports
import Segmentation
import Tasks
import Tensors
import TestSupport
import Testing

/// What runs of version 0.1 wrote is read, and what is written is read back.
@Suite struct RecordTests {
  /// Lines as version 0.1 wrote them, which name neither task nor scores.
  private func early(in directory: String) throws {
    try "seed: 4\ncheckpoint: {best: [miou]}\n".write(toFile: "\(directory)/config.yaml", atomically: true, encoding: .utf8)
    let files = [
      "classes.json": """
      {"labelMapDigest": "a", "groupRule": "shares", "trainingPixels": 40, "classes": [
        {"index": 0, "name": "sky", "group": "head", "trainingPixels": 30, "trainingShare": 0.75, "trainingImages": 2, "colour": "#ffffff"},
        {"index": 1, "name": "pole", "group": "tail", "trainingPixels": 10, "trainingShare": 0.25, "trainingImages": null, "colour": "#000000"}]}
      """,
      "label-audit.json": """
      {"dataset": "folder", "digest": "d", "split": "train", "statistics": {"badFiles": [], "ignoredPixels": 8, "imageCount": 4, "images": \
      [2, 1], "pixels": [30, 10], "sizes": [], "unknown": [], "unknownCount": 0}}
      """,
      "log.jsonl": #"{"step":1,"epoch":1,"loss":0.5,"time":{"step":0.25,"forward":0.125}}"# + "\n"
        + #"{"step":2,"epoch":1,"samples":8,"images":4,"validPixels":9,"loss":"nan","skipped":true,"bytesReduced":0,"time":{"step":1}}"#
        + "\n",
      "classes.jsonl":
        #"{"step":2,"epoch":1,"images":3,"resolution":"network","miou":0.25,"averagedClasses":2,"groups":{"head":0.5,"medium":null,"#
        + #""tail":0.0},"pixelAccuracy":0.75,"meanAccuracy":0.5,"classes":[{"name":"sky","group":"head","pixels":12,"predictedPixels":16,"#
        + #""iou":0.5,"accuracy":1.0,"precision":0.75},{"name":"pole","group":"tail","pixels":4,"predictedPixels":0,"iou":0.0,"#
        + #""accuracy":0.0,"precision":null,"takenFor":{"sky":4},"neverPredicted":true}],"time":{"evaluation":2.5}}"# + "\n",
      "evaluation.json":
        #"{"step":2,"split":"val","classes":["sky","pole"],"confusion":[[12,0],[4,0]],"images":[{"name":"a","pixels":16,"#
        + #""correctPixels":12,"miou":0.375},{"name":"b","pixels":0,"correctPixels":0,"miou":null}]}"# + "\n",
    ]
    for (name, text) in files { try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8) }
  }

  @Test func runsOfVersionOneAreRead() throws {
    try withTemporaryDirectory { directory in
      try early(in: directory)
      let results = try RunResults(readingFrom: directory)
      #expect(results.task == segmentation, "the reader of old records knows the scores as segmentation names them")
      #expect(results.steps.map(\.seconds) == [0.25, 1] && results.steps[0].phases == [NamedNumber("forward", 0.125)])
      #expect(results.steps[1].isSkipped && results.lossByEpoch.map(\.loss) == [0.5])
      let last = try #require(results.last)
      #expect(last.main == 0.25 && last.main(ofGroup: "head") == 0.5 && last.main(ofGroup: "medium") == nil)
      #expect(last.groups == ["head", "medium", "tail"])
      #expect(last.classes[0].trainingShare == 0.75 && last.classes[0].predictedCount == 16)
      #expect(last.classes[1].takenFor == [.init("sky", 4)] && last.classes[1].isNeverPredicted)
      #expect(results.training.counts == [30, 10] && results.training.countPerImage == 12)
      let details = try #require(try EvaluationDetails.read(ofRun: directory))
      #expect(details.confusions?.matrix == [[12, 0], [4, 0]])
      #expect(details.images.map(\.score.value) == [0.375, nil] && details.images[0].score.correctCount == 12)
      let listing = try RunListing([directory], order: .score("miou.tail"))
      #expect(listing.rows.count == 1 && listing.problems.isEmpty)
      #expect(try RunReport(readingFrom: directory).html.contains("pixel accuracy"))
      #expect(longtailError { _ = try RunListing([directory], order: .score("mious")) }?.advice?.contains("miou") == true)
    }
  }

  /// Whoever read the files of version 0.1 reads these.
  @Test func linesOfSegmentationAreThoseOfVersionOne() throws {
    try withTemporaryDirectory { directory in
      try early(in: directory)
      let lines = try String(contentsOfFile: "\(directory)/classes.jsonl", encoding: .utf8)
      let last = try #require(try RunResults(readingFrom: directory).last)
      #expect(try JSONValue(encoding: last).line + "\n" == lines)
      let details = try #require(try EvaluationDetails.read(ofRun: directory))
      #expect(try JSONValue(encoding: details).line + "\n" == String(contentsOfFile: "\(directory)/evaluation.json", encoding: .utf8))
    }
  }

  @Test func recordsAreReadBackAsTheyWereWritten() throws {
    try withTemporaryDirectory { directory in
      func back<Record: Codable>(_ record: Record) throws -> Record {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(Record.self, from: Data(JSONValue(encoding: record).pretty.utf8))
      }
      var written = step(7)
      (written.totalSteps, written.totalEpochs) = (0, 0)
      written.notFinite = .init(
        quantity: "loss", ranks: [1], tensor: nil, samples: ["a"], rows: [NamedNumber("pole", 3), NamedNumber("sky", 4)], ignoredRows: 2)
      written.spikes = [NamedNumber("loss", 7.5)]
      written.gradientNorm = 2
      let readWritten = try back(written)
      #expect(readWritten == written)
      var environment = RunEnvironment.current(variables: ["OMP_NUM_THREADS": "2"], directory: "/")
      environment.versions = ["oneDNN": "3.1", "MPI": "4"]
      let readEnvironment = try back(environment)
      #expect(readEnvironment == environment)
      let best = BestRecord([("a", .init(value: 0.5, step: 3)), ("b", .init(value: 1, step: 9))])
      let readBest = try back(best)
      #expect(readBest == best)
      let classes = ClassesRecord(
        segmentation, [.init(name: "sky", group: "head", trainingCount: 3, trainingImages: 1, colour: .white)], labelMapDigest: "x",
        groupRule: "y")
      let readClasses = try back(classes)
      #expect(readClasses == classes)
    }
  }

  /// Thousands of classes, counted in images: pairs instead of a matrix, figures, counts under the unit's name.
  @Test func detailsOfThousandsOfClasses() throws {
    try withTemporaryDirectory { directory in
      let task = TaskDescription(
        name: "toy", unit: "images", groups: ClassGroups.namesByCount,
        scores: [ScoreKind("top", title: "top", scopes: [.whole, .groups, .classes], rank: .main)])
      let details = EvaluationDetails(
        task, step: 3, split: "val", classNames: (0..<8142).map { "class \($0)" },
        confusions: ConfusionCounts(
          classes: 8142, entries: [.init(truth: 8141, prediction: 256, count: 3), .init(truth: 256, prediction: 256, count: 1)]),
        images: [.init(name: "a", score: ImageScore(index: 0, count: 1, correctCount: 0, value: 0))],
        figures: [
          Figure(
            title: "Calibration", text: "t", across: "confidence", up: "accuracy",
            curves: [
              .init(name: "all", points: [.init(0, 0), .init(1, 0.5)])
            ])
        ])
      let run = try RunDirectory.open(at: directory)
      try run.writeEvaluation(details)
      run.close()
      #expect(try FileManager.default.attributesOfItem(atPath: "\(directory)/evaluation.json")[.size] as? Int ?? .max < 200_000)
      #expect(try EvaluationDetails.read(ofRun: directory, task) == details)
    }
  }
}
