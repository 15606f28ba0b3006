import Segmentation
import Tasks
import Tensors
import Testing

@Suite("Confusion matrix")
struct ConfusionMatrixTests {
  /// Truth 0: 3 right, 1 as class 1. Truth 1: 2 right, 2 as class 0. Class 2 is predicted once for truth 0; class 3 never occurs.
  func example() throws -> ConfusionMatrix {
    var matrix = ConfusionMatrix(classes: 4)
    try matrix.add(predictions: [0, 0, 0, 1, 2, 1, 1, 0, 0, 3] as [UInt8], labels: [0, 0, 0, 0, 0, 1, 1, 1, 1, -1])
    return matrix
  }

  @Test("scores by hand; undefined classes are skipped, not zero")
  func scores() throws {
    let matrix = try example()
    #expect(matrix.counts == [3, 1, 1, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(matrix.total == 9)
    #expect(matrix.intersectionOverUnion == [3.0 / 7, 2.0 / 5, 0, nil])
    #expect(matrix.meanIntersectionOverUnion == ClassMean([3.0 / 7, 2.0 / 5, 0]))
    #expect(matrix.meanIntersectionOverUnion.averagedClasses == 3)
    #expect(matrix.classAccuracy == [3.0 / 5, 2.0 / 4, nil, nil])
    #expect(matrix.meanAccuracy.averagedClasses == 2)
    #expect(matrix.pixelAccuracy == 5.0 / 9)
    #expect(matrix.dice == [6.0 / 10, 4.0 / 7, 0, nil])
  }

  @Test("parts add up to the whole, over ranks too")
  func merging() throws {
    let random = CounterRandom(seed: 3, purpose: .testing)
    let labels = (0..<999).map { Int32(random.integer($0, below: 6)) - 1 }
    let predictions = (0..<999).map { Int32(random.integer(5000 + $0, below: 5)) }
    var whole = ConfusionMatrix(classes: 5)
    try whole.add(predictions: predictions, labels: labels)
    var parts = ConfusionMatrix(classes: 5)
    for range in [0..<0, 0..<100, 100..<999] {
      var part = ConfusionMatrix(classes: 5)
      try part.add(predictions: Array(predictions[range]), labels: Array(labels[range]))
      try parts.merge(part)
    }
    #expect(parts == whole && whole.total == Int64(labels.filter { $0 >= 0 }.count))
    #expect(try ConfusionMatrix(classes: 5, counts: whole.counts) == whole)
    #expect(throws: LongtailError.self) { try parts.merge(ConfusionMatrix(classes: 4)) }
    #expect(throws: LongtailError.self) { try ConfusionMatrix(classes: 4, counts: whole.counts) }
  }

  @Test("counts beyond 32 bits stay exact")
  func largeCounts() throws {
    let matrix = try ConfusionMatrix(classes: 2, counts: [16_000_000_001, 1, 0, 6_200_000_000])
    #expect(matrix.total == 22_200_000_002)
    #expect(matrix.pixelsPerClass == [16_000_000_002, 6_200_000_000])
  }

  @Test("an empty matrix has no score")
  func empty() {
    let matrix = ConfusionMatrix(classes: 3)
    #expect(matrix.pixelAccuracy == nil && matrix.meanIntersectionOverUnion == ClassMean([]))
    #expect(matrix.meanIntersectionOverUnion.value == nil)
  }

  @Test("labels and predictions that are no class are refused, and nothing is counted")
  func refusals() throws {
    var matrix = ConfusionMatrix(classes: 3)
    #expect(throws: LongtailError.self) { try matrix.add(predictions: [0, 1] as [UInt8], labels: [0, 3]) }
    #expect(throws: LongtailError.self) { try matrix.add(predictions: [0, 3] as [UInt8], labels: [0, 0]) }
    #expect(throws: LongtailError.self) { try matrix.add(predictions: [0, -1] as [Int32], labels: [0, 0]) }
    #expect(throws: LongtailError.self) { try matrix.add(predictions: [0] as [UInt8], labels: [0, 0]) }
    #expect(matrix.total == 0)
    try matrix.add(predictions: [200, 1] as [UInt8], labels: [-1, 1])
    #expect(matrix.total == 1)
  }

  @Test("the published code's mean over batches is another number")
  func ibla() throws {
    var first = ConfusionMatrix(classes: 4)
    try first.add(predictions: [0, 0, 1, 3] as [UInt8], labels: [0, 0, 0, 3])
    var second = ConfusionMatrix(classes: 4)
    try second.add(predictions: [1, 1] as [UInt8], labels: [1, 1])
    var published = IblaMeanIntersectionOverUnion()
    published.add(batch: first)  // class 0: 2/3; class 1 is absent; class 3 does not enter
    published.add(batch: second)  // class 1: 1
    published.add(batch: ConfusionMatrix(classes: 4))
    #expect(published.value == (2.0 / 3 + 1) / 2 && published.batches == 2)
    var other = IblaMeanIntersectionOverUnion()
    #expect(other.value == nil)
    other.merge(published)
    #expect(other == published)
    try first.merge(second)
    #expect(first.meanIntersectionOverUnion.value == (2.0 / 3 + 2.0 / 3 + 1) / 3)
  }
}

@Suite("Scores of segmentation")
struct SegmentationScoreTests {
  @Test("every name is known, and its value found")
  func names() throws {
    var matrix = ConfusionMatrix(classes: 11)
    try matrix.add(predictions: [10, 10, 3, 3] as [UInt8], labels: [10, 3, 3, 3])
    let groups = try ClassGroups(counts: CamVidCounts.shares)
    let scores = matrix.scores(groups: groups, classNames: CamVidCounts.names)
    let table = ScoreTable(SegmentationTask.scoreKinds, groups: groups.names, classes: CamVidCounts.names)
    #expect(Set(table.entries.map(\.name)) == Set(scores.map(\.name) + ["loss"]))
    func value(_ name: String) throws -> Double? {
      #expect(try table.score(name).name == name)
      return scores.value(of: name)
    }
    #expect(try value("iou.Bicyclist") == 0.5)
    #expect(try value("accuracy.Bicyclist") == 1)
    #expect(try value("precision.Road") == 1)
    #expect(try value("precision.Sky") == nil)
    #expect(try value("dice.Road") == 4.0 / 5)
    #expect(try value("miou") == (0.5 + 2.0 / 3) / 2)
    #expect(try value("miou.tail") == 0.5)
    #expect(try value("miou.head") == 2.0 / 3)
    #expect(try value("miou.medium") == nil)
    #expect(try value("pixelAccuracy") == 0.75)
    #expect(try value("meanAccuracy") == (1 + 2.0 / 3) / 2)
    #expect(table.main?.name == "miou" && scores.main?.value == scores.value(of: "miou"))
    #expect(scores.main(ofGroup: "tail")?.value == 0.5)
  }

  @Test("an unknown name names the nearest")
  func nearest() throws {
    let table = ScoreTable(SegmentationTask.scoreKinds, groups: ClassGroups.namesByShare, classes: CamVidCounts.names)
    for (wrong, right) in [("mIoU.tial", "miou.tail"), ("iou.Bycyclist", "iou.Bicyclist"), ("pixelAcuracy", "pixelAccuracy")] {
      let error = #expect(throws: LongtailError.self) { try table.score(wrong) }
      #expect(error?.code == .usage && error?.advice?.contains("'\(right)'") == true)
    }
  }

  @Test("confusions keep what occurs, by truth and prediction")
  func confusions() throws {
    let matrix = try ConfusionMatrix(classes: 3, counts: [5, 5, 0, 0, 0, 0, 2, 0, 18])
    let counts = matrix.confusions
    #expect(counts.matrix == [[5, 5, 0], [0, 0, 0], [2, 0, 18]])
    #expect(counts.totals == [10, 0, 20])
    #expect(counts.confusions().map { [$0.truth, $0.prediction, $0.count] } == [[0, 1, 5], [2, 0, 2]])
    #expect(counts.confusions(least: 0.2).map(\.share) == [0.5])
  }
}

/// CamVid's classes, and what they have of ten thousand labelled pixels.
enum CamVidCounts {
  static let names = [
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
  ]
  static let shares: [Int64] = [1754, 2422, 102, 3296, 467, 1012, 122, 117, 611, 67, 30]
}
