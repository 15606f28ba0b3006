import Foundation
import Settings
import Tensors

/// Online hard example mining (OHEM) on pixels: the cross-entropy of the hardest pixels of the global batch alone.
///
/// A pixel is kept if its q = softmax(z)_y is below `threshold`, or if it is among the `minimumKept` pixels with the largest loss.
/// The place of the last of these is read from a histogram of losses over all ranks with 64 bins an octave: the whole bin is kept,
/// that is, all whose loss is at most 1.6 % smaller. The selection counts as a constant: gradient p - onehot(y) for kept pixels, 0 for
/// others. Evaluation keeps every pixel. One round before: the histogram, about 1800 numbers.
///
/// Source: Shrivastava, Gupta, Girshick, CVPR 2016, arXiv:1604.03540; pixel form as in mmsegmentation's OHEM pixel sampler.
package enum OnlineHardExampleMining {
  /// What the sum of the kept losses is divided by.
  enum Denominator: String, Choice { case kept, valid }

  struct Settings: Section {
    var threshold = 0.7
    var minimumKept = 0.0625
    var denominator = Denominator.kept
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("threshold", &threshold, "pixels whose true class has a lower probability are kept; 1 keeps all", .between(0, 1))
      visitor.key(
        "minimumKept", &minimumKept, "pixels that are kept at least: below 1 a share of the global batch's, else a number for each image",
        .between(0, 1e12))
      visitor.key("denominator", &denominator, "the pixels that the sum is divided by: kept ones, or all valid ones as published")
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "ohem", summary: "cross-entropy of the hardest pixels of the global batch alone",
    about: "Easy pixels drop out: those that are kept have a loss above a threshold, or are among the hardest of the global batch.",
    source: "Shrivastava, Gupta, Girshick, CVPR 2016, arXiv:1604.03540", settings: Settings()
  ) { settings, context in
    OnlineHardExampleMiningObjective(
      base: try SoftmaxObjective.make("ohem", settings.softmax, context, term: Term()), classes: context.classes,
      logThreshold: settings.threshold > 0 ? Float(log(settings.threshold)) : -.infinity, minimumKept: settings.minimumKept,
      dividesByKept: settings.denominator == .kept)
  }

  struct Term: SoftmaxTerm {
    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      let weight = Lanes(repeating: 1).replacing(with: Lanes(repeating: 0), where: logProbability .>= Lanes(repeating: step.limit))
      return (weight, weight)
    }
  }

  /// Losses by size: 64 bins an octave from 2^-20 to 2^8, one below; what is above counts to the last.
  package enum Bins {
    /// Number of bins.
    package static let count = 28 * 64 + 1
    private static let lowest = UInt32(127 - 20) << 6

    /// The bin of a loss of at least 0; anything for what is not a number.
    @inline(__always)
    package static func index(_ loss: Float) -> Int {
      min(count &- 1, max(0, Int(loss.bitPattern >> 17) &- Int(lowest) &+ 1))
    }

    /// The smallest loss of a bin.
    package static func lowerEdge(_ bin: Int) -> Float {
      bin == 0 ? 0 : Float(bitPattern: (UInt32(bin - 1) + lowest) << 17)
    }
  }

  /// Counts losses by bin, and pixels below the threshold.
  struct HistogramKernel: TileKernel {
    let logThreshold: Float

    var slots: Int { Bins.count + 1 }

    @inline(__always)
    func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
      let numbers = LaneNumbers(tile.values)
      let room = LaneNumbers(tile.room)
      var largest = tile.values[0]
      for k in 1..<max(1, tile.classes) { largest = largest.maximum(tile.values[k]) }
      for lane in 0..<8 { room[lane] = numbers[Int(max(0, tile.labels[lane])) &* 8 &+ lane] }
      var sum = Lanes(repeating: 0)
      for k in 0..<tile.classes { sum += (tile.values[k] - largest).exponentialOfNonPositive() }
      // To the bit what the loss's own pass computes.
      tile.room[0] = tile.room[0] - largest - sum.naturalLogarithm()
      for lane in 0..<8 where tile.labels[lane] >= 0 {
        let count = Double(tile.weights[8 &+ lane])
        sums[Bins.index(max(0, 0 - room[lane]))] += count
        if room[lane] < logThreshold { sums[Bins.count] += count }
      }
    }
  }
}

/// Finds the limit of OHEM for each step. Rounds: the histogram, the pixels below the threshold, the images; the softmax loss's numbers.
final class OnlineHardExampleMiningObjective: SoftmaxBased {
  private typealias Bins = OnlineHardExampleMining.Bins

  let base: SoftmaxObjective
  private let classes: Int
  private let logThreshold: Float
  private let minimumKept: Double
  private let dividesByKept: Bool
  private let pass = RowPass()

  init(base: SoftmaxObjective, classes: Int, logThreshold: Float, minimumKept: Double, dividesByKept: Bool) {
    self.base = base
    self.classes = classes
    self.logThreshold = logThreshold
    self.minimumKept = minimumKept
    self.dividesByKept = dividesByKept
  }

  var rounds: [Int] { [Bins.count + 2] + base.rounds }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    if round == 0 { return try countLosses(rows, into: &packed, at: offset) }
    let selection = try first(earlier.rounds.first, step: step).map(selection)
    try base.measure(rows, gradient: gradient, into: &packed, at: offset, step: step, limit: selection?.limit ?? .infinity)
  }

  private func countLosses(_ rows: LabelledRows, into packed: inout [Double], at offset: Int) throws {
    for slot in 0..<(Bins.count + 1) { packed[offset + slot] = 0 }
    try rows.forEachPart { part in
      func add(_ sums: UnsafeMutableBufferPointer<Double>) { for slot in sums.indices { packed[offset + slot] += sums[slot] } }
      let kernel = OnlineHardExampleMining.HistogramKernel(logThreshold: logThreshold)
      try pass.run(kernel, source: rows.logits, target: nil, labels: rows.labels, part: part, add)
    }
    packed[offset + Bins.count + 1] = Double(rows.logits.images)
  }

  /// Up to which log q pixels are kept, and how many are, from the sums of the first round.
  private func selection(_ sums: ArraySlice<Double>) -> (limit: Float, kept: Double) {
    let valid = sums.numbers(0..<Bins.count).reduce(0, +)
    let belowThreshold = sums.number(Bins.count)
    let images = sums.number(Bins.count + 1)
    let wanted = min(valid, (minimumKept < 1 ? minimumKept * valid : minimumKept * images).rounded(.up))
    var bin = Bins.count
    var kept = 0.0
    while kept < wanted && bin > 0 {
      bin -= 1
      kept += sums.number(bin)
    }
    // log q <= -edge, as a limit that is not reached.
    let limit = bin == Bins.count ? -Float.infinity : bin == 0 ? .infinity : (-Bins.lowerEdge(bin)).nextUp
    return limit > logThreshold ? (limit, kept) : (logThreshold, belowThreshold)
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let selection = try first(sums.beforeLast, step: step).map(selection)
    return try base.result(PackedSums([last(sums, step: step)]), denominator: dividesByKept ? selection?.kept : nil, step: step)
  }

  func commit(_ sums: PackedSums, step: StepContext) throws { base.commit(try result(sums, step: step), step: step) }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try base.visitState(visit) }
}
