import Metrics
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

@Suite("Groups and metric names")
struct MetricNameTests {
  static let camVid = [
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
  ]
  static let shares: [Int64] = [1754, 2422, 102, 3296, 467, 1012, 122, 117, 611, 67, 30]

  @Test("CamVid's shares give its groups")
  func camVidGroups() throws {
    let groups = try ClassGroups(pixelCounts: MetricNameTests.shares)
    #expect(groups.classes(of: .head) == [0, 1, 3, 5])
    #expect(groups.classes(of: .medium) == [4, 8])
    #expect(groups.classes(of: .tail) == [2, 6, 7, 9, 10])
    let scores = (0..<11).map { $0 == 10 ? nil : Double($0) }
    #expect(groups.mean(of: scores, group: .tail) == ClassMean([2, 6, 7, 9]))
    #expect(groups.mean(of: scores, group: .tail).averagedClasses == 4)
  }

  @Test("thresholds and counts that make no sense are refused")
  func refusals() {
    #expect(throws: LongtailError.self) { try ClassGroups(pixelCounts: [1, 2], head: 0.01, tail: 0.1) }
    #expect(throws: LongtailError.self) { try ClassGroups(pixelCounts: [0, 0]) }
    #expect(throws: LongtailError.self) { try ClassGroups(pixelCounts: [3, -1]) }
  }

  @Test("thresholds belong to the upper group")
  func thresholds() throws {
    #expect(try ClassGroups(pixelCounts: [800, 100, 85, 15], head: 0.1, tail: 0.015).groups == [.head, .head, .medium, .medium])
  }

  @Test("the Gini coefficient")
  func gini() {
    #expect(ClassGroups.giniCoefficient([5, 5, 5, 5]) == 0)
    #expect(ClassGroups.giniCoefficient([0, 0, 0, 8]) == 0.75)
    #expect(ClassGroups.giniCoefficient([0, 0]) == nil)
  }

  @Test("every name is read back, and its value found")
  func names() throws {
    let names = MetricNameTests.camVid
    for metric in MetricName.all(classNames: names) { #expect(try MetricName(metric.description, classNames: names) == metric) }
    var matrix = ConfusionMatrix(classes: 11)
    try matrix.add(predictions: [10, 10, 3, 3] as [UInt8], labels: [10, 3, 3, 3])
    let groups = try ClassGroups(pixelCounts: MetricNameTests.shares)
    func value(_ name: String) throws -> Double? {
      try MetricName(name, classNames: names).value(of: matrix, groups: groups, loss: 1.5)
    }
    #expect(try value("iou.Bicyclist") == 0.5)
    #expect(try value("accuracy.Bicyclist") == 1)
    #expect(try value("dice.Road") == 4.0 / 5)
    #expect(try value("miou") == (0.5 + 2.0 / 3) / 2)
    #expect(try value("miou.tail") == 0.5)
    #expect(try value("miou.head") == 2.0 / 3)
    #expect(try value("miou.medium") == nil)
    #expect(try value("pixelAccuracy") == 0.75)
    #expect(try value("meanAccuracy") == (1 + 2.0 / 3) / 2)
    #expect(try value("loss") == 1.5)
  }

  @Test("an unknown name names the nearest")
  func nearest() throws {
    for (wrong, right) in [("mIoU.tial", "miou.tail"), ("iou.Bycyclist", "iou.Bicyclist"), ("pixelAcuracy", "pixelAccuracy")] {
      let error = #expect(throws: LongtailError.self) { try MetricName(wrong, classNames: MetricNameTests.camVid) }
      #expect(error?.code == .usage && error?.advice?.contains("'\(right)'") == true)
    }
  }

  @Test("better is larger, but for the loss; undefined values never win")
  func comparison() {
    #expect(MetricName.pixelAccuracy.isBetter(0.5, than: 0.4) && !MetricName.pixelAccuracy.isBetter(0.4, than: 0.4))
    #expect(MetricName.loss.isBetter(0.4, than: 0.5) && MetricName.loss.isBetter(9, than: nil))
    #expect(!MetricName.loss.isBetter(.nan, than: nil) && !MetricName.loss.isBetter(nil, than: 3))
    #expect(MetricName.loss.isBetter(3, than: .nan))
  }
}
