import Collectives
import Settings
import Threading

/// Looks for numbers to add to class scores, one class after another: each time the one of a grid that gives the greatest mean over the
/// classes of a measure, until no class moves any more.
///
/// A row is called by class k where z_k + b_k is above every other z_j + b_j. With all but b_k held, each row has one value of b_k from which
/// on it is called k, so one histogram over the rows tells the counts for all values of b_k at once. Counts are whole numbers: the
/// result is the same on any number of ranks and threads.
/// Cost: for each round and class a pass over the rows, and once over their scores for rows whose best two classes it may change.
struct OffsetSearch {
  /// What is averaged over the classes that occur.
  enum Measure: String, Choice {
    /// Intersection over union.
    case jaccard
    /// Twice the intersection over the sum of both.
    case dice
    /// The share of a class's rows that is called by its name.
    case recall

    /// What messages call it.
    var title: String {
      switch self {
      case .jaccard: "intersection over union"
      case .dice: "Dice"
      case .recall: "recall"
      }
    }

    /// Of one class.
    func value(hits: Int64, predicted: Int64, truth: Int64) -> Double {
      switch self {
      case .jaccard: Double(hits) / Double(max(1, truth + predicted - hits))
      case .dice: 2 * Double(hits) / Double(max(1, truth + predicted))
      case .recall: Double(hits) / Double(max(1, truth))
      }
    }
  }

  private static let mostRounds = 10
  private static let halfGrid = 60
  private static let partLength = 1 << 14

  private let sample: ScoreSample
  private let measure: Measure
  private let leastRows: Int
  /// The offsets tried; 0 is the one in the middle.
  private let grid: [Float]
  /// The place in the grid of each class's offset.
  private var places: [Int]
  /// The best two classes of each row by score and offset.
  private var best: [Leaders]
  /// The mean of the measure without offsets; nil before the search, and where no class has rows.
  private(set) var before: Double?
  /// The mean with those that were found.
  private(set) var after: Double?

  /// The best two classes of a row, and what they have; the second is -1 where there is one class only.
  private struct Leaders {
    var (first, second): (Int32, Int32) = (-1, -1)
    var (firstValue, secondValue): (Float, Float) = (-.infinity, -.infinity)
  }

  /// Begins without offsets.
  /// - Parameters:
  ///   - range: the greatest offset tried, either way.
  ///   - leastRows: classes of fewer rows in the sample, over all ranks, keep their scores.
  init(_ sample: ScoreSample, measure: Measure, range: Float, leastRows: Int) {
    (self.sample, self.measure, self.leastRows) = (sample, measure, leastRows)
    let half = OffsetSearch.halfGrid
    grid = (-half...half).map { Float($0) * range / Float(half) }
    places = Array(repeating: half, count: sample.classes)
    best = Array(repeating: Leaders(), count: sample.count)
  }

  /// What was found, for each class.
  var offsets: [Float] { places.map { grid[$0] } }

  /// Searches. Collective.
  mutating func run(_ communicator: any Communicator) throws {
    guard sample.classes > 0 else { return }
    var truth = [Int64](repeating: 0, count: 2 * sample.classes)
    for label in sample.labels {
      truth[Int(label)] += Int64(sample.strides[Int(label)])
      truth[sample.classes + Int(label)] += 1
    }
    try communicator.sum(&truth)
    let kept = Array(truth.suffix(sample.classes))
    truth.removeLast(sample.classes)
    lead(nil)
    for _ in 0..<OffsetSearch.mostRounds {
      var hasMoved = false
      for k in 0..<sample.classes where kept[k] >= Int64(leastRows) {
        var counts = tally(k)
        try communicator.sum(&counts)
        let means = means(k, counts, truth)
        if before == nil { before = means[places[k]] }
        let choice = means.indices.reduce(places[k]) { means[$1] > means[$0] + 1e-9 ? $1 : $0 }
        after = means[choice]
        guard choice != places[k] else { continue }
        places[k] = choice
        hasMoved = true
        lead(k)
      }
      if !hasMoved { return }
    }
  }

  /// Finds the best two classes of each row, where class k has another offset than before; of all rows if nil.
  private mutating func lead(_ k: Int?) {
    let (classes, offsets, sample) = (sample.classes, offsets, sample)
    best.withUnsafeMutableBufferPointer { best in
      let rows = best
      sample.scores.withUnsafeBufferPointer { scores in
        ComputePool.forEachRange(of: rows.count) { range in
          for row in range {
            let old = rows[row]
            if let k, Int(old.first) != k, Int(old.second) != k, scores[row * classes + k] + offsets[k] < old.secondValue { continue }
            var next = Leaders()
            for j in 0..<classes {
              let value = scores[row * classes + j] + offsets[j]
              if value > next.firstValue {
                (next.second, next.secondValue) = (next.first, next.firstValue)
                (next.first, next.firstValue) = (Int32(j), value)
              } else if value > next.secondValue {
                (next.second, next.secondValue) = (Int32(j), value)
              }
            }
            rows[row] = next
          }
        }
      }
    }
  }

  /// For each place of the grid the rows that class k takes there and not at the place before: by the class j that they are taken from,
  /// their number, and of these the ones of class j; in the place of k itself those of class k. The last place holds rows never taken.
  private func tally(_ k: Int) -> [Int64] {
    let (classes, grid, sample, best) = (sample.classes, grid, sample, best)
    let width = 2 * classes
    let length = (grid.count + 1) * width
    let step = grid[1] - grid[0]
    // A few sums at a time: they may be larger than what they sum.
    let lanes = min(1 + best.count / OffsetSearch.partLength, 2 * ComputePool.threadCount)
    var sums = [Int64](repeating: 0, count: lanes * length)
    sums.withUnsafeMutableBufferPointer { sums in
      let all = sums
      ComputePool.forEach(parts: lanes) { lane in
        for row in best.count * lane / lanes..<best.count * (lane + 1) / lanes {
          let leaders = best[row]
          let isFirst = Int(leaders.first) == k
          let (other, value) = isFirst ? (leaders.second, leaders.secondValue) : (leaders.first, leaders.firstValue)
          guard other >= 0 else { continue }
          let position = ((value - sample.scores[row * classes + k] - grid[0]) / step).rounded(.down) + 1
          let place = Int(min(max(position, 0), Float(grid.count)))
          let label = Int(sample.labels[row])
          let weight = Int64(sample.strides[label])
          let slot = lane * length + place * width
          all[slot + Int(other)] += weight
          if label == Int(other) { all[slot + classes + label] += weight }
          if label == k { all[slot + classes + k] += weight }
        }
      }
    }
    return (0..<length).map { slot in (0..<lanes).reduce(0) { $0 + sums[$1 * length + slot] } }
  }

  /// The mean of the measure for each place of class k's offset.
  private func means(_ k: Int, _ counts: [Int64], _ truth: [Int64]) -> [Double] {
    let (classes, width) = (sample.classes, 2 * sample.classes)
    let occurring = (0..<classes).filter { truth[$0] > 0 }
    // Without class k every row belongs to its other best class.
    var predicted = [Int64](repeating: 0, count: classes)
    var hits = [Int64](repeating: 0, count: classes)
    for place in 0...grid.count {
      for j in 0..<classes where j != k {
        predicted[j] += counts[place * width + j]
        hits[j] += counts[place * width + classes + j]
      }
    }
    return grid.indices.map { place in
      for j in 0..<classes where j != k {
        let taken = counts[place * width + j]
        predicted[j] -= taken
        predicted[k] += taken
        hits[j] -= counts[place * width + classes + j]
      }
      hits[k] += counts[place * width + classes + k]
      let sum = occurring.reduce(0.0) { $0 + measure.value(hits: hits[$1], predicted: predicted[$1], truth: truth[$1]) }
      return sum / Double(max(1, occurring.count))
    }
  }
}
