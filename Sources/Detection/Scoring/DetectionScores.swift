/// What detections score, by the names that the references print; -1 there is nil here: nothing was there to be found.
package struct DetectionScores: Sendable {
  /// A figure with its name.
  package struct Score: Sendable, Equatable {
    /// Such as `AP`, `AP50`, `APr`, `AR@100`.
    package var name: String
    /// From 0 to 1; nil where it is not defined.
    package var value: Double?
  }

  /// The figures of one class.
  package struct ClassScore: Sendable {
    /// Its column.
    package var column: Int
    /// Objects that count.
    package var objects: Int
    /// Detections that took part.
    package var detections: Int
    /// Average precision over all thresholds; nil without objects.
    package var averagePrecision: Double?
    /// The same at an overlap of 0.5.
    package var averagePrecision50: Double?
    /// The same at an overlap of 0.75.
    package var averagePrecision75: Double?
    /// Recall with the most detections, the mean over all thresholds.
    package var averageRecall: Double?
  }

  /// The rules.
  package let rules: DetectionRules
  /// The figures, in the order in which the references print them.
  package private(set) var scores: [Score] = []
  /// The classes, by column.
  package private(set) var classes: [ClassScore] = []
  /// Detections that share their score with another of the same image and class; what they score may depend on their order.
  package let tiedDetections: Int
  private let tallies: [ClassTally]

  private static let thresholds = DetectionRules.thresholds.count
  private static let levels = DetectionRules.recalls.count

  init(annotations: AnnotationSet, rules: DetectionRules, tallies: [ClassTally]) {
    (self.rules, self.tallies) = (rules, tallies)
    tiedDetections = tallies.reduce(0) { $0 + $1.tiedCount }
    classes = tallies.indices.map(classScore)
    let columns = Array(tallies.indices)
    func add(_ name: String, _ value: Double?) { scores.append(Score(name: name, value: value)) }
    let letters = ["", "s", "m", "l"]
    add("AP", precision(columns, area: 0, 0..<Self.thresholds))
    add("AP50", precision(columns, area: 0, 0..<1))
    add("AP75", precision(columns, area: 0, 5..<6))
    for area in 1...3 { add("AP\(letters[area])", precision(columns, area: area, 0..<Self.thresholds)) }
    switch rules.kind {
    case .coco:
      for (m, limit) in rules.limits.enumerated() { add("AR@\(limit)", limitedRecall(m)) }
      for area in 1...3 { add("AR\(letters[area])", recall(area: area)) }
    case .lvis:
      for frequency in Category.Frequency.allCases {
        let group = columns.filter { annotations.categories[$0].frequency == frequency }
        add("AP\(frequency.rawValue)", precision(group, area: 0, 0..<Self.thresholds))
      }
      for area in 0...3 { add("AR\(letters[area])@\(rules.imageLimit.map { "\($0)" } ?? "all")", recall(area: area)) }
    }
  }

  /// The figure of a name; nil where it is not defined, or not known.
  package subscript(name: String) -> Double? { scores.first { $0.name == name }?.value }

  /// Puts figures behind the others, such as those of other rules.
  package mutating func append(_ name: String, _ value: Double?) { scores.append(Score(name: name, value: value)) }

  /// Precision at each of `DetectionRules.recalls`, the mean over classes with objects.
  /// - Parameters:
  ///   - columns: the classes.
  ///   - threshold: one of `DetectionRules.thresholds`, by its place; the mean over all where nil.
  /// - Returns: nil where no class has an object.
  package func precisionByRecall(_ columns: [Int], threshold: Int? = nil) -> [Double]? {
    let counted = columns.filter { tallies[$0].counted[0] > 0 }
    guard !counted.isEmpty else { return nil }
    let places = threshold.map { $0..<$0 + 1 } ?? 0..<Self.thresholds
    return (0..<Self.levels).map { r in
      var sum = 0.0
      for k in counted { for t in places { sum += tallies[k].precision[t * Self.levels + r] } }
      return sum / Double(counted.count * places.count)
    }
  }

  // MARK: Means

  private func precision(_ columns: [Int], area: Int, _ thresholds: Range<Int>) -> Double? {
    var (sum, count) = (0.0, 0)
    for k in columns where tallies[k].counted[0] > 0 && tallies[k].counted[area] > 0 {
      for t in thresholds { sum += tallies[k].precisionSums[area * Self.thresholds + t] }
      count += thresholds.count * Self.levels
    }
    return count == 0 ? nil : sum / Double(count)
  }

  private func recall(area: Int) -> Double? {
    mean { tally in tally.counted[area] > 0 ? tally.recalls[area * Self.thresholds..<(area + 1) * Self.thresholds] : [] }
  }

  private func limitedRecall(_ limit: Int) -> Double? {
    mean { tally in tally.limitedRecalls[limit * Self.thresholds..<(limit + 1) * Self.thresholds] }
  }

  private func mean(_ values: (ClassTally) -> ArraySlice<Double>) -> Double? {
    var (sum, count) = (0.0, 0)
    for tally in tallies where tally.counted[0] > 0 {
      for value in values(tally) {
        sum += value
        count += 1
      }
    }
    return count == 0 ? nil : sum / Double(count)
  }

  private func classScore(_ column: Int) -> ClassScore {
    let tally = tallies[column]
    let recall = tally.counted[0] > 0 ? tally.recalls[0..<Self.thresholds].reduce(0, +) / Double(Self.thresholds) : nil
    return ClassScore(
      column: column, objects: tally.counted[0], detections: tally.detectionCount,
      averagePrecision: precision([column], area: 0, 0..<Self.thresholds), averagePrecision50: precision([column], area: 0, 0..<1),
      averagePrecision75: precision([column], area: 0, 5..<6), averageRecall: recall)
  }
}
