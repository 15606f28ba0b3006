import Foundation
import Settings
import Tensors

/// Federated loss: binary cross-entropies of some of the classes only, those of the step's rows and others that are drawn.
///
/// A step takes the classes of its rows, over all ranks, background counting as one of them; where they are fewer than `classes`, others
/// are drawn without replacement, with probabilities in proportion to (training images with the class)^`exponent`. The draw is a function
/// of seed and step: one set for all ranks. Other columns have no loss and no gradient. Divided by the valid rows of the global batch.
/// One round before: C + 1 counts of rows. Evaluation takes all classes.
///
/// Source: Zhou, Koltun, Krähenbühl, "Probabilistic two-stage detection", 2021, arXiv:2103.07461, appendix; after the data sets' federated
/// annotation in Gupta, Dollár, Girshick, "LVIS", CVPR 2019.
enum FederatedLoss {
  struct Settings: Section {
    var classes = 50
    var exponent = 0.5
    var background = ClassIndex.none
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("classes", &classes, "how many take part in a step, background counting as one where it occurs", .between(1, 1_000_000))
      visitor.key("exponent", &exponent, "how much likelier frequent classes are drawn: the power of their images", .between(0, 10))
      visitor.key("background", &background, ColumnSettings.meaning, .natural)
      homogenization.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "federated", summary: "binary cross-entropies of the classes in the step and of some that are drawn",
    about: "Most classes are left alone in most steps: a rare class is pushed down only when it is drawn.",
    source: "Zhou, Koltun, Krähenbühl, 2021, arXiv:2103.07461", settings: Settings()
  ) { settings, context in
    let counts = try context.imageCounts(for: "federated")
    let background = try settings.background.checked(classes: context.classes, of: "federated")
    let base = SigmoidObjective(
      name: "federated", classes: context.classes, offsets: Array(repeating: 0, count: context.classes), background: background,
      homogenization: settings.homogenization.homogenization(classes: context.classes))
    return FederatedObjective(
      base: base, classes: context.classes, wanted: settings.classes, odds: counts.perClass.map { pow($0, settings.exponent) },
      background: background, seed: context.seed)
  }
}

/// Draws the classes of a step. Rounds: C + 1 counts of rows, background last; those of the sigmoid loss.
final class FederatedObjective: TermObjective {
  private let base: SigmoidObjective
  private let classes: Int
  private let wanted: Int
  private let odds: [Double]
  private let background: Int?
  private let seed: UInt64

  /// - Parameters:
  ///   - wanted: how many classes, background included where it occurs.
  ///   - odds: in proportion to which the others are drawn; those with 0 are never.
  init(base: SigmoidObjective, classes: Int, wanted: Int, odds: [Double], background: Int?, seed: UInt64) {
    (self.base, self.classes, self.wanted) = (base, classes, wanted)
    (self.odds, self.background, self.seed) = (odds, background, seed)
  }

  var name: String { base.name }
  var needsClassifierGram: Bool { base.needsClassifierGram }
  var rounds: [Int] { [classes + 1] + base.rounds }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes, packed, at: offset, round: round)
    if round == 0 { return count(rows, into: &packed, at: offset) }
    let counts = try first(earlier.rounds.first, step: step)
    try base.measure(
      rows, gradient: gradient, into: &packed, at: offset, columns: counts.map { columns(counts: Array($0), step: step.step) })
  }

  /// Labels that are no class are left to the next round to refuse.
  private func count(_ rows: LabelledRows, into packed: inout [Double], at offset: Int) {
    for k in 0...classes { packed[offset + k] = 0 }
    for part in rows.parts {
      for row in 0..<rows.logits.rows {
        let entry = part.entry(at: row)
        if entry.label == RowLabel.background {
          packed[offset + (background ?? classes)] += Double(entry.count)
        } else if entry.label >= 0, Int(entry.label) < classes {
          packed[offset + Int(entry.label)] += Double(entry.count)
        }
      }
    }
  }

  /// 1 for the classes of the step, 0 for others.
  /// - Parameter counts: rows of each class and of background.
  func columns(counts: [Double], step: Int) -> [Double] {
    var columns = (0..<classes).map { counts[$0] > 0 ? 1.0 : 0 }
    // A column of background takes part always: it is not a class that the data set may have left unmarked.
    if let background { columns[background] = 1 }
    let missing = wanted - counts.count { $0 > 0 }
    if missing <= 0 { return columns }
    let random = CounterRandom(seed: seed, purpose: .objective, epoch: 0x0FED, sample: step)
    // The largest u^(1 / w), by logarithms, are a draw without replacement in proportion to w.
    let candidates = (0..<classes).filter { columns[$0] == 0 && odds[$0] > 0 }
    let keys = candidates.map { log(max(random.uniform($0), 0x1p-60)) / odds[$0] }
    for place in keys.indices.sorted(by: { keys[$0] != keys[$1] ? keys[$0] > keys[$1] : $0 < $1 }).prefix(missing) {
      columns[candidates[place]] = 1
    }
    return columns
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    try base.result(PackedSums([last(sums, step: step)]), step: step)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try base.complete(gradient: gradient, rows, result: result)
  }

  func secondGradient(like rows: RowsView) throws -> TermPlanes { try base.secondGradient(like: rows) }

  func commit(_ sums: PackedSums, step: StepContext) throws {
    if step.isTraining { try base.commit(PackedSums([last(sums, step: step)]), step: step) }
  }

  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try base.visitState(visit) }
}
