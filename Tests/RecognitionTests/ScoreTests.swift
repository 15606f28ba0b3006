import Foundation
import Tasks
import Tensors
import Testing

@testable import Recognition

@Suite struct ScoreTests {
  private func near(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-12) -> Bool { a.map { abs($0 - b) <= tolerance } ?? false }

  @Test func scoresAreThoseOfTheirDefinitions() throws {
    for entry in try TestFiles.oracle().cases {
      var tally = RecognitionTally(classCount: entry.classes)
      try tally.add(logits: entry.logits, labels: entry.labels)
      let scores = RecognitionScores(tally, frequencies: try ClassFrequencyGroups(counts: entry.counts))
      #expect(scores.images == entry.labels.count && scores.undefined == 0)
      #expect(near(scores.accuracy, entry.accuracy) && near(scores.topFive, entry.topFive))
      #expect(near(scores.balancedAccuracy, entry.balancedAccuracy) && near(scores.macroF1, entry.macroF1))
      #expect(zip(scores.classes, entry.perClass).allSatisfy { near($0.accuracy, $1) })
      #expect(Set(scores.groups.keys.map(\.rawValue)) == Set(entry.groups.keys))
      for (group, value) in scores.groups { #expect(near(value, entry.groups[group.rawValue] ?? -1)) }
      #expect(tally.binImages == entry.bins)
      // Confidences are rounded to 2^-24.
      #expect(near(scores.calibrationError, entry.calibrationError, 1e-7))
      for truth in 0..<entry.classes {
        for prediction in 0..<entry.classes where truth != prediction {
          #expect(tally.confusions[truth * entry.classes + prediction] ?? 0 == entry.confusion[truth][prediction])
        }
      }
      let groups = ClassGroups(counts: entry.counts.map(Int64.init), moreThan: 100, fewerThan: 20)
      let named = scores.scores(groups: groups, classNames: (0..<entry.classes).map { "c\($0)" })
      #expect(named.main == Score(RecognitionScores.accuracyKind, scores.accuracy))
      #expect(Set(named.filter { $0.kind.direction == .smaller }.map(\.name)) == ["calibrationError"])
      #expect(Set(named.map(\.name)).count == named.count)
      for (group, value) in entry.groups { #expect(near(named.value(of: "accuracy.\(group)"), value)) }
      // What a configuration may name is what there is.
      let table = ScoreTable(RecognitionScores.kinds, groups: groups.names, classes: (0..<entry.classes).map { "c\($0)" })
      #expect(Set(table.entries.map(\.name)) == Set(named.map(\.name) + ["loss"]))
    }
  }

  /// 50 classes with 1, 2, 3 ... training images, each found as often as its number over 50: means of neighbours lie on that line.
  @Test func accuracyIsShownAgainstTrainingImages() throws {
    var tally = RecognitionTally(classCount: 50)
    for label in 0..<50 {
      for image in 0..<50 {
        var logits = [Float](repeating: 0, count: 50)
        logits[image < label ? label : (label + 1) % 50] = 1
        try tally.add(logits: logits, labels: [Int32(label)])
      }
    }
    let scores = RecognitionScores(tally)
    let figure = try #require(scores.frequencyFigure(counts: Array(1...50)))
    let points = figure.curves[0].points
    #expect(points.count == RecognitionScores.frequencyPoints && figure.text.contains("as many images, 2 or more"))
    // The first point is of the classes with 1 and 2 images, of which 0 and 1 of 50 are found; the last of those with 48, 49 and 50.
    #expect(near(points[0].x, log10(2) / 2) && near(points[0].y, 0.01))
    #expect(near(points[19].x, (log10(48) + log10(49) + log10(50)) / 3) && near(points[19].y, 48.0 / 50))
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x && $0.y < $1.y })
    // A class without training images has no place, and one point is no curve.
    #expect(scores.frequencyFigure(counts: [Int](repeating: 0, count: 49) + [3]) == nil)
    let few = try #require(scores.frequencyFigure(counts: [Int](repeating: 0, count: 45) + [5, 4, 3, 2, 1]))
    #expect(few.curves[0].points.map(\.y) == [0.98, 0.96, 0.94, 0.92, 0.9] && few.text.contains("Each point is a class"))
    // Classes with as many images are one point.
    let alike = try #require(scores.frequencyFigure(counts: [Int](repeating: 7, count: 49) + [70]))
    #expect(alike.curves[0].points.count == 2 && near(alike.curves[0].points[1].y, (47.0 + 48 + 49) / 3 / 50))
    let pair = try #require(scores.frequencyFigure(counts: [Int](repeating: 0, count: 47) + [7, 7, 70]))
    #expect(pair.curves[0].points.count == 2 && near(pair.curves[0].points[0].y, 0.95) && near(pair.curves[0].points[1].y, 0.98))
  }

  @Test func sharesOfRanksAddUpToTheWhole() throws {
    let entry = try #require(try TestFiles.oracle().cases.last)
    var whole = RecognitionTally(classCount: entry.classes)
    try whole.add(logits: entry.logits, labels: entry.labels)
    for ranks in [2, 3, 7] {
      // A rank more than there are parts: it has no image.
      var parts = (0...ranks).map { _ in RecognitionTally(classCount: entry.classes) }
      for (index, label) in entry.labels.enumerated() {
        let row = Array(entry.logits[index * entry.classes..<(index + 1) * entry.classes])
        try parts[index % ranks].add(logits: row, labels: [label])
      }
      var merged = parts[ranks]
      for part in parts[..<ranks].reversed() { try merged.merge(part) }
      #expect(merged == whole)
      let sums = parts.map(\.counters).reduce([Int64](repeating: 0, count: whole.counters.count)) { zip($0, $1).map { $0 + $1 } }
      let gathered = try RecognitionTally(classCount: entry.classes, counters: sums, triples: parts.flatMap(\.confusionTriples))
      #expect(gathered == whole)
    }
    #expect(throws: LongtailError.self) { try whole.merge(RecognitionTally(classCount: 2)) }
    #expect(throws: LongtailError.self) { try RecognitionTally(classCount: 3, counters: whole.counters, triples: []) }
    #expect(throws: LongtailError.self) {
      try RecognitionTally(classCount: entry.classes, counters: whole.counters, triples: [0, 0, 1])
    }
  }

  @Test func tiesGoToTheLowestClassAndWhatIsNoNumberIsNeverRight() throws {
    // Ranks of the labels: 2, 3, 2, 3.
    let logits: [Float] = [0.5, 0.9, 0.9, 0.1, 0.3, 0.3, 0.3, 0.3, 1, 0, 2, 2, 0.1, 0.2, 0.3, 0.4]
    var tally = RecognitionTally(classCount: 4)
    try tally.add(logits: logits, labels: [2, 3, 0, 0])
    #expect(tally.correct == [0, 0, 0, 0] && tally.predicted == [1, 1, 1, 1])
    try tally.add(logits: logits, labels: [1, 0, 2, 3])
    #expect(tally.correct == [1, 1, 1, 1])
    var broken = RecognitionTally(classCount: 3)
    try broken.add(
      logits: [.nan, 0, 1, 0, .nan, 5, .infinity, 0, 0, -.infinity, -.infinity, -.infinity, -.infinity, 3, -.infinity],
      labels: [2, 2, 0, 0, 1])
    let scores = RecognitionScores(broken)
    #expect(broken.undefined == 4 && broken.correct == [0, 1, 0] && broken.predicted == [0, 1, 0])
    #expect(near(scores.accuracy, 0.2) && scores.undefined == 4 && scores.calibrationError == 0)
    // Labels below 0 are left out; others must be classes.
    try broken.add(logits: [1, 2, 3], labels: [-1])
    #expect(RecognitionScores(broken) == scores)
    #expect(throws: LongtailError.self) { try broken.add(logits: [1, 2, 3], labels: [3]) }
    #expect(throws: LongtailError.self) { try broken.add(logits: [1, 2], labels: [0]) }
  }

  @Test func rowsAreReadFromAnyLayout() throws {
    let entry = try #require(try TestFiles.oracle().cases.first)
    let count = entry.labels.count
    var expected = RecognitionTally(classCount: 3)
    try expected.add(logits: entry.logits, labels: entry.labels)
    let buffer = HostBuffer(floatCount: count * 8)
    let rows = RowsView.blocked(buffer: buffer, images: count, rowsPerImage: 1, classes: 3, blockSize: 8)
    buffer.withFloats { memory in
      for row in 0..<count {
        for k in 0..<3 { memory[rows.index(image: row, row: 0, class: k)] = entry.logits[3 * row + k] }
      }
    }
    var tally = RecognitionTally(classCount: 3)
    try tally.add(rows, labels: entry.labels)
    #expect(tally == expected)
    #expect(throws: LongtailError.self) { try tally.add(rows, labels: [0]) }
  }

  @Test func groupsAtTheirBorders() throws {
    let groups = try ClassFrequencyGroups(counts: [101, 100, 99, 21, 20, 19, 1])
    #expect((0..<7).map(groups.group) == [.many, .medium, .medium, .medium, .medium, .few, .few])
    #expect(groups.classes[.upperThird] == [0, 1] && groups.classes[.lowerThird] == [5, 6] && groups.classes.count == 5)
    let accuracies: [Double?] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.1]
    #expect(near(groups.mean(of: accuracies, over: .many), 0.9) && near(groups.mean(of: accuracies, over: .medium), 0.65))
    #expect(near(groups.mean(of: accuracies, over: .few), 0.25))
    #expect(groups.mean(of: [nil, 0.8, nil, nil, nil, nil, nil], over: .many) == nil)
    // An empty group is absent, never 0.
    let fashion = try ClassFrequencyGroups(counts: [6000, 3596, 2156, 1292, 774, 464, 278, 166, 100, 60])
    #expect(fashion.classes[.few] == nil && fashion.classes.count == 4)
    #expect(fashion.classes[.lowerThird] == [7, 8, 9] && fashion.classes[.upperThird] == [0, 1, 2])
    let reversed = try ClassFrequencyGroups(counts: [5, 50, 500, 5, 50, 500])
    #expect(reversed.classes[.upperThird] == [2, 5] && reversed.classes[.lowerThird] == [0, 3])
    #expect(throws: LongtailError.self) { try ClassFrequencyGroups(counts: [1], many: 10, few: 20) }
  }

  @Test func thousandsOfClassesStaySmallAndTheLargestConfusionsComeFirst() throws {
    let classCount = 8000
    var tally = RecognitionTally(classCount: classCount)
    var row = [Float](repeating: 0, count: classCount)
    for (truth, prediction, count) in [(7000, 12, 3), (12, 7000, 2), (5, 6, 2), (5, 5, 2), (8, 8, 1)] {
      row[prediction] = 5
      for _ in 0..<count { try tally.add(logits: row, labels: [Int32(truth)]) }
      row[prediction] = 0
    }
    let scores = RecognitionScores(tally)
    #expect(tally.confusions.count == 3)
    #expect(
      scores.confusions(2) == [
        RecognitionScores.Confusion(truth: 7000, prediction: 12, images: 3, share: 1),
        RecognitionScores.Confusion(truth: 12, prediction: 7000, images: 2, share: 1),
      ])
    #expect(scores.confusions(10).last?.share == 0.5)
    // Classes without an image have no accuracy; the mean is that of those that have.
    #expect(scores.classes[0].accuracy == nil && near(scores.balancedAccuracy, (0 + 0 + 0.5 + 1) / 4))
  }
}
