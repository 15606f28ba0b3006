/// What was taken for what, as far as it occurs: thousands of classes take the room of their confusions, not that of a square matrix.
public struct ConfusionCounts: Sendable, Equatable {
  /// One pair of classes.
  public struct Entry: Sendable, Equatable {
    /// The true class.
    public var truth: Int
    /// What it was taken for; the same class where it was found.
    public var prediction: Int
    /// How many.
    public var count: Int64

    /// Creates an entry.
    public init(truth: Int, prediction: Int, count: Int64) { (self.truth, self.prediction, self.count) = (truth, prediction, count) }
  }

  /// Number of classes.
  public let classes: Int
  /// All pairs that occur, by truth and then by prediction.
  public let entries: [Entry]
  /// How many there are of each class.
  public let totals: [Int64]

  /// Takes pairs; those without a count are left out, equal pairs are added up, those that are no classes are dropped.
  public init(classes: Int, entries: some Sequence<Entry>) {
    self.classes = max(0, classes)
    var sums: [Int: Int64] = [:]
    for entry in entries where (0..<classes).contains(entry.truth) && (0..<classes).contains(entry.prediction) && entry.count > 0 {
      sums[entry.truth * classes + entry.prediction, default: 0] += entry.count
    }
    self.entries = sums.sorted { $0.key < $1.key }.map { Entry(truth: $0.key / classes, prediction: $0.key % classes, count: $0.value) }
    var totals = Array(repeating: Int64(0), count: max(0, classes))
    for entry in self.entries { totals[entry.truth] += entry.count }
    self.totals = totals
  }

  /// A row for each true class, a column for each prediction. Takes 8 C x C bytes.
  public var matrix: [[Int64]] {
    var rows = Array(repeating: Array(repeating: Int64(0), count: classes), count: classes)
    for entry in entries { rows[entry.truth][entry.prediction] = entry.count }
    return rows
  }

  /// One class that is taken for another.
  public struct Confusion: Sendable, Equatable {
    /// The true class.
    public var truth: Int
    /// The class that it was taken for.
    public var prediction: Int
    /// How many.
    public var count: Int
    /// Their part of the true class.
    public var share: Double
  }

  /// Confusions by falling share of the true class.
  /// - Parameter least: smaller shares are left out.
  public func confusions(least: Double = 0.01) -> [Confusion] {
    let found = entries.compactMap { entry -> Confusion? in
      let share = Double(entry.count) / Double(max(1, totals[entry.truth]))
      guard entry.truth != entry.prediction, share >= least else { return nil }
      return Confusion(truth: entry.truth, prediction: entry.prediction, count: Int(entry.count), share: share)
    }
    return found.sorted { ($1.share, $1.count, $0.truth, $0.prediction) < ($0.share, $0.count, $1.truth, $1.prediction) }
  }
}
