import Configuration
import Tasks
import Tensors
import TestSupport
import Testing
import Training

/// When a run ends because it gets no better.
@Suite struct EarlyStoppingTests {
  private static let table = ScoreTable(
    [ScoreKind("miou", title: "mIoU", scopes: [.whole], rank: .main), ScoreKind("iou", title: "IoU", scopes: [.classes])], groups: [],
    classes: ["road", "sign"])

  private func stopping(_ score: String? = nil, patience: Int = 3, leastChange: Double = 0) throws -> EarlyStopping {
    var settings = Configuration.Training.EarlyStopping()
    (settings.score, settings.patience, settings.leastChange) = (score, patience, leastChange)
    return try EarlyStopping(settings, of: Self.table)
  }

  /// The number of values after which it is over; nil where it is not.
  private func end(_ stopping: EarlyStopping, _ values: [Double?]) -> Int? {
    var stopping = stopping
    for (place, value) in values.enumerated() {
      stopping.note(value, step: place + 1)
      if stopping.isOver { return place + 1 }
    }
    return nil
  }

  @Test func itEndsAfterEvaluationsWithoutProgress() throws {
    #expect(end(try stopping(), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == nil)
    #expect(end(try stopping(), [0.1, 0.3, 0.3, 0.2, 0.3, 0.6]) == 5)
    #expect(end(try stopping(), [0.1, 0.3, 0.2, 0.2, 0.31, 0.3, 0.3, 0.31]) == 8)
    #expect(end(try stopping(patience: 1), [0.1, 0.1]) == 2)
  }

  @Test func smallerIsBetterForTheLoss() throws {
    #expect(end(try stopping("loss"), [3, 2, 1, 0.5]) == nil)
    #expect(end(try stopping("loss"), [1, 2, 3, 4]) == 4)
  }

  @Test func progressHasToExceedTheLeastChange() throws {
    // Each step is too small, and together they are not: the reference stays where it was.
    #expect(end(try stopping(leastChange: 0.05), [0.1, 0.13, 0.14, 0.16, 0.17, 0.18, 0.2]) == 7)
    #expect(end(try stopping(leastChange: 0.05), [0.1, 0.13, 0.14, 0.15]) == 4)
    #expect(end(try stopping("loss", leastChange: 0.5), [2, 1.6, 1.4, 1.2, 1.1, 1.0]) == 6)
  }

  @Test func whatIsUndefinedIsNoProgress() throws {
    #expect(end(try stopping(patience: 2), [nil, nil, 0.5]) == 2)
    #expect(end(try stopping(patience: 2), [nil, 0.2, .nan, 0.3, .infinity, nil]) == 6)
  }

  @Test func itSaysWhy() throws {
    var watched = try stopping("iou.sign", patience: 2)
    for (step, value) in [(10, 0.25), (20, 0.2)] { watched.note(value, step: step) }
    #expect(watched.reason == nil)
    watched.note(0.1, step: 30)
    let expected = "iou.sign got no better in 2 evaluations (training.earlyStopping); the best is 0.2500 after step 10"
    #expect(watched.reason == expected)
  }

  @Test func unknownScoresAreRefused() {
    let error = longtailError { try stopping("iou.sing") }
    #expect(error?.code == .usage && error?.advice?.contains("iou.sign") == true)
  }
}
