import Foundation
import Tasks
import TestSupport
import Testing

@testable import Reports

@Suite struct ClassDiaryTests {
  @Test func stepsAreAddedUp() {
    var sums = ClassDiarySums(classes: 3)
    sums.add(rows: [10, 0, 4], gradientNorms: [3, 0, 4], scales: [1, 9, 2])
    sums.add(rows: [20, 0, 0], gradientNorms: [0, 0, 0], scales: [3, 9, 7])
    // A step that tells nothing of the classes is a step all the same.
    sums.add(rows: [], gradientNorms: [], scales: [])
    let first = sums.diary(ofClass: 0, confidence: 0.25, moments: [.init("firstMoment", 2)])
    #expect(
      first
        == ClassDiary(
          steps: 3, stepsWithClass: 2, rows: 30, gradientShare: 9.0 / 25, scale: 2, confidence: 0.25, moments: [.init("firstMoment", 2)]))
    let second = sums.diary(ofClass: 1, confidence: nil, moments: [])
    #expect(second == ClassDiary(steps: 3, stepsWithClass: 0, rows: 0, gradientShare: 0))
    #expect(sums.diary(ofClass: 2, confidence: nil, moments: []).scale == 2)
    #expect(ClassDiarySums(classes: 1).diary(ofClass: 0, confidence: nil, moments: []).gradientShare == nil)
  }

  @Test func sumsAreReadBackAtTheirStep() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/diary.jsonl"
      let log = try JSONLines(path: path)
      var sums = ClassDiarySums(classes: 2)
      var kept: [ClassDiarySums] = []
      for step in [3, 5] {
        sums.add(rows: [step, 1], gradientNorms: [1 / 3, 0.1], scales: [1, 1.7])
        sums.step = step
        kept.append(sums)
        try log.append(sums)
      }
      try log.close()
      #expect(try ClassDiarySums.read(path, atStep: 5, classes: 2) == kept[1])
      #expect(try ClassDiarySums.read(path, atStep: 3, classes: 2) == kept[0])
      #expect(try ClassDiarySums.read(path, atStep: 4, classes: 2) == nil)
      #expect(try ClassDiarySums.read(path, atStep: 5, classes: 3) == nil)
      #expect(try ClassDiarySums.read("\(directory)/none", atStep: 5, classes: 2) == nil)
    }
  }

  /// A run of classes whose scores and probabilities go as they are given, one evaluation an epoch.
  private func results(
    in directory: String, _ courses: [(name: String, scores: [Double], confidence: [Double])], diary: Bool = true
  ) throws -> RunResults {
    let run = try RunDirectory.open(at: directory)
    defer { run.close() }
    try run.writeConfiguration("training: {epochs: 6}\n")
    try run.writeClasses(
      ClassesRecord(
        segmentation,
        courses.enumerated().map { k, course in
          .init(name: course.name, group: k == 0 ? "head" : "tail", trainingCount: 1000 >> k, trainingImages: 3, colour: .distinct(k))
        }, labelMapDigest: "", groupRule: ""))
    let log = try JSONLines(path: run.logPath)
    let evaluations = try JSONLines(path: run.classLogPath)
    for epoch in 1...courses[0].scores.count {
      var step = StepRecord()
      (step.step, step.epoch, step.loss, step.seconds) = (epoch * 10, epoch, 1, 1)
      try log.append(step)
      var record = EvaluationRecord(segmentation)
      (record.step, record.epoch, record.images) = (epoch * 10, epoch, 4)
      record.classes = courses.enumerated().map { k, course in
        let score = course.scores[epoch - 1]
        var entry = classRecord(
          course.name, k == 0 ? "head" : "tail", pixels: 100, predicted: score > 0 ? 90 : 0, iou: score, accuracy: score, precision: score)
        if diary {
          entry.diary = ClassDiary(
            steps: 10, stepsWithClass: epoch == 2 ? 0 : 4, rows: epoch == 2 && k == 2 ? 0 : 500 >> k,
            gradientShare: 0.1 * Double(k + 1), scale: Double(k + 1), confidence: course.confidence[epoch - 1],
            moments: [.init("firstMoment", 0.01 * Double(epoch)), .init("secondMoment", 1e-5)])
        }
        return entry
      }
      record.setScores(miou: 0.5, groups: ["head": 0.5, "tail": 0.2], pixelAccuracy: 0.9, meanAccuracy: 0.5)
      try evaluations.append(record)
    }
    try log.close()
    try evaluations.close()
    return try RunResults(readingFrom: directory)
  }

  private let courses: [(name: String, scores: [Double], confidence: [Double])] = [
    ("sky", [0.5, 0.6, 0.7, 0.8, 0.8, 0.9], [0.5, 0.6, 0.7, 0.8, 0.9, 0.9]),
    ("pole", [0, 0, 0, 0.05, 0.1, 0.2], [0.1, 0.22, 0.3, 0.4, 0.5, 0.5]),
    ("sign", [0, 0, 0.1, 0.02, 0, 0.005], [0.1, 0.15, 0.3, 0.28, 0.1, 0.1]),
    ("bicycle", [0, 0, 0, 0, 0, 0], [0.05, 0.06, 0.07, 0.06, 0.05, 0.05]),
    ("fence", [0.02, 0, 0.03, 0, 0.2, 0.3], [0.1, 0.2, 0.3, 0.3, 0.4, 0.4]),
  ]

  @Test func aClassIsLearnedLostOrMissed() throws {
    try withTemporaryDirectory { directory in
      let results = try results(in: directory, courses)
      let stories = (0..<5).map { ClassStory(results, class: $0) }
      #expect(
        stories.map(\.outcome) == [.learned(epoch: 1), .learned(epoch: 4), .lost(epoch: 5), .missed, .learned(epoch: 5)])
      #expect(stories[4].outcomeText.contains("after 4 changes") && !stories[1].outcomeText.contains("changes"))
      // Chance is a fifth: the network was sure of the pole two epochs before it found one.
      #expect(stories[1].remarks.contains { $0.contains("above chance (20.0 %) from epoch 2") })
      #expect(stories[3].remarks.contains { $0.contains("never was above chance") && $0.contains("7.00 %, in epoch 3") })
      #expect(stories[2].remarks.contains { $0.contains("Not a row of it was sampled before the evaluation of epoch 2") })
    }
  }

  @Test func theDiaryIsReadBackAndDrawn() throws {
    try withTemporaryDirectory { directory in
      let results = try results(in: directory, courses)
      #expect(results.evaluations[3].classes[2].diary?.moments == [.init("firstMoment", 0.04), .init("secondMoment", 1e-5)])
      let report = try RunReport(readingFrom: directory)
      #expect(report.diaryClasses == [4, 3, 2, 1], "the rarest first, and only those of the tail")
      let page = PageReader(report.html)
      #expect(page.problem == nil && page.text.contains("The diary of the rarest classes"))
      for line in ["was missed: IoU never reached 1 %", "own probability, %", "gradient share, %", "sampled pixels", "second moment"] {
        #expect(page.text.contains(line), "\(line)")
      }
      let early = try #require(EarlySigns(report.diaryClasses.map { ClassStory(results, class: $0) }, results.task))
      #expect(early.heading == "What could be seen after epoch 2")
      #expect(early.table.rows.map(\.first) == ["fence", "pole", "sign", "bicycle"])
      // Four classes, six pairs that differ in both: only pole and fence stand the other way round.
      #expect(early.agreement(.confidence) == 5.0 / 6)
      // All have the same second moment.
      #expect(early.agreement(.secondMoment) == nil)
    }
  }

  @Test func aRunWithoutADiaryHasNoSuchSection() throws {
    try withTemporaryDirectory { directory in
      _ = try results(in: directory, courses, diary: false)
      let text = try String(contentsOfFile: "\(directory)/classes.jsonl", encoding: .utf8)
      #expect(!text.contains("diary"))
      #expect(try !RunReport(readingFrom: directory).html.contains("The diary of"))
    }
  }

  /// Writes the page where somebody may look at it.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["LONGTAIL_PAGES"] != nil)) func aPageToLookAt() throws {
    let directory = try #require(ProcessInfo.processInfo.environment["LONGTAIL_PAGES"])
    try withTemporaryDirectory { path in
      _ = try results(in: path, courses)
      try RunReport(readingFrom: path).html.write(toFile: "\(directory)/diary.html", atomically: true, encoding: .utf8)
    }
  }
}
