import Foundation
import Settings
import Tensors

/// Seesaw loss: cross-entropy on z_j + log S_yj, where S_yj = mitigation * compensation weakens what a sample says about other classes.
///
/// Mitigation min(1, n_j / n_y)^p spares classes rarer than the label's; compensation max(1, p_j / max(p_y, 0.01))^q restores the push
/// where the sample is taken for class j. S counts as a constant: the gradient is softmax(z + log S_y) - onehot(y).
/// n are the pixels of each class in all training steps so far, this one included, over all ranks; those below 1 count as 1.
/// Evaluation uses the counts as they are. One round before: C counts of pixels. State: C counts.
///
/// Source: Wang et al., CVPR 2021, arXiv:2008.10032.
enum SeesawLoss {
  struct Settings: Section {
    var p = 0.8
    var q = 2.0
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("p", &p, "strength of the mitigation, which spares rarer classes", .between(0, 100))
      visitor.key("q", &q, "strength of the compensation, which takes that back for classes that a pixel is mistaken for", .between(0, 100))
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "seesaw", summary: "cross-entropy that spares rare classes by the counts seen so far, unless they are mistaken",
    about: "A pixel of a frequent class pushes rare classes down less, unless it is mistaken for one. It keeps the counts of each class.",
    source: "Wang and others, CVPR 2021, arXiv:2008.10032", settings: Settings()
  ) { settings, context in
    let term = Term(mitigation: Float(settings.p), compensation: Float(settings.q))
    return SeesawObjective(base: try SoftmaxObjective.make("seesaw", settings.softmax, context, term: term), classes: context.classes)
  }

  struct Term: SoftmaxTerm {
    let mitigation: Float
    let compensation: Float

    @inline(__always)
    func adjust(_ tile: Tile, step: TermStep) {
      guard let logCounts = step.classValues else { return }
      let zero = Lanes(repeating: 0)
      let values = tile.values
      let room = LaneNumbers(tile.room)
      let numbers = LaneNumbers(values)
      var largest = values[0]
      for k in 1..<max(1, tile.classes) { largest = largest.maximum(values[k]) }
      var sum = zero
      for k in 0..<tile.classes { sum += (values[k] - largest).exponentialOfNonPositive() }
      let normalizer = largest + sum.naturalLogarithm()
      for lane in 0..<8 {
        let label = Int(max(0, tile.labels[lane]))
        room[lane] = numbers[label &* 8 &+ lane]
        room[8 &+ lane] = logCounts[label]
      }
      // log of max(p_y, 0.01).
      let reference = Lanes(repeating: -4.605_170_2).maximumKeepingNaN(tile.room[0] - normalizer)
      let own = tile.room[1]
      for k in 0..<tile.classes {
        let excess = zero.maximumKeepingNaN(values[k] - normalizer - reference)
        let rarity = zero.minimumKeepingNaN(Lanes(repeating: logCounts[k]) - own)
        values[k] = values[k].addingProduct(excess, Lanes(repeating: compensation)).addingProduct(rarity, Lanes(repeating: mitigation))
      }
    }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}

/// Keeps the counts of Seesaw loss. Rounds: C counts of pixels; the softmax loss's 3C numbers.
final class SeesawObjective: SoftmaxBased {
  let base: SoftmaxObjective
  private let classes: Int
  private var counts: [Double]

  init(base: SoftmaxObjective, classes: Int) {
    self.base = base
    self.classes = classes
    counts = Array(repeating: 0, count: classes)
  }

  var rounds: [Int] { [classes] + base.rounds }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    if round == 0 { return count(rows, into: &packed, at: offset) }
    let current = try first(earlier.rounds.first, step: step).map { zip(counts, $0).map(+) } ?? counts
    try base.measure(
      rows, gradient: gradient, into: &packed, at: offset, step: step, classValues: current.map { log(max(1, $0)) })
  }

  /// Labels that are no class are left to the next round to refuse.
  private func count(_ rows: LabelledRows, into packed: inout [Double], at offset: Int) {
    for k in 0..<classes { packed[offset + k] = 0 }
    for part in rows.parts {
      for row in 0..<rows.logits.rows {
        let entry = part.entry(at: row)
        if entry.label >= 0, Int(entry.label) < classes { packed[offset + Int(entry.label)] += Double(entry.count) }
      }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    try base.result(PackedSums([last(sums, step: step)]), step: step)
  }

  func commit(_ sums: PackedSums, step: StepContext) throws {
    guard let news = try first(sums.beforeLast, step: step) else { return }
    let result = try result(sums, step: step)
    if result.isFinite { counts = zip(counts, news).map(+) }
    base.commit(result, step: step)
  }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    try visit(RunningStateRow("seesaw.counts"), &counts)
    try base.visitState(visit)
  }
}
