import Foundation
import Tensors

/// Seesaw loss with its objectness branch, for the rows of a detector's second stage: C class logits and two more, object and background.
///
/// Rows of a class: Seesaw loss over the C columns, counting rows of classes in all training steps so far, this one included, over all
/// ranks. All rows: cross-entropy of object against background. Both are divided by all valid rows of the global batch.
/// Prediction: softmax over the classes times the probability of object.
/// One round before: C counts of rows. State: C counts.
///
/// The head has two columns more than there are classes, so that this is no loss of the registry: a detector's head asks for it.
/// Source: Wang and others, CVPR 2021, arXiv:2008.10032; the branch as in the authors' detection code.
package final class SeesawRegionObjective: Objective {
  /// The name in reports and checkpoints.
  package let name = "seesaw"
  private let classes: Int
  private let term: SeesawLoss.Term
  private var counts: [Double]
  private let pass = RowPass()
  private let scaler = RowScaler()
  private var second = GradientPlanes()
  private var memory = WorkingMemory()

  /// - Parameters:
  ///   - classes: C; the head has C + 2 columns.
  ///   - p: strength of the mitigation.
  ///   - q: strength of the compensation.
  package init(classes: Int, p: Double = 0.8, q: Double = 2) {
    self.classes = classes
    term = SeesawLoss.Term(mitigation: Float(p), compensation: Float(q))
    counts = Array(repeating: 0, count: classes)
  }

  /// C counts; then class losses, objectness losses, rows and squared gradient norms of each class and of background.
  package var rounds: [Int] { [classes, 4 * (classes + 1)] }

  /// As `Objective.measure`.
  package func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    try check(rows, classes: classes + 2, packed, at: offset, round: round)
    try checkLabels(rows)
    for slot in 0..<rounds[round] { packed[offset + slot] = 0 }
    if round == 0 {
      for part in rows.parts {
        for row in 0..<rows.logits.rows {
          let entry = part.entry(at: row)
          if entry.label >= 0, Int(entry.label) < classes { packed[offset + Int(entry.label)] += Double(entry.count) }
        }
      }
      return
    }
    let current = try first(earlier.rounds.first, step: step).map { zip(counts, $0).map(+) } ?? counts
    guard let numbers = memory.floats(current.map { log(max(1, $0)) } + [0]) else {
      throw LongtailError(.internalError, "objective \(name): no working memory")
    }
    func add(_ sums: UnsafeMutableBufferPointer<Double>) { for slot in 0..<packedCount { packed[offset + slot] += sums[slot] } }
    try rows.forEachPart(gradient: gradient, second: &second) { part, target in
      let kernel = SeesawRegionKernel(term: term, logCounts: numbers, classes: classes)
      try pass.run(kernel, source: rows.logits, target: target, labels: rows.labels, part: part, background: Int32(classes), add)
    }
  }

  /// The last two columns are no classes, which the pass cannot know.
  private func checkLabels(_ rows: LabelledRows) throws {
    try rows.checkCounts()
    func isWrong(_ label: Int32) -> Bool { label >= Int32(classes) && label != RowLabel.background }
    for row in 0..<rows.logits.rows {
      let labels = [rows.labels[row], rows.second?.labels[row] ?? RowLabel.ignored]
      if let wrong = labels.first(where: isWrong) {
        throw LongtailError(.badData, "label \(wrong) of row \(row): there are \(classes) classes, 0 to \(classes - 1)")
      }
    }
  }

  /// The losses of classes and of objectness, each over all valid rows.
  package func parts(_ sums: PackedSums, step: StepContext) throws -> (classes: Double, objectness: Double) {
    let sums = try last(sums, step: step)
    func total(_ block: Int) -> Double { sums.numbers(block * (classes + 1)..<(block + 1) * (classes + 1)).reduce(0, +) }
    let rows = max(1, total(2))
    return (total(0) / rows, total(1) / rows)
  }

  /// As `Objective.result`; the losses by class are sums of both parts.
  package func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let sums = try last(sums, step: step)
    func number(_ block: Int, _ k: Int) -> Double { sums.number(block * (classes + 1) + k) }
    var own = ClassSums([Double](repeating: 0, count: 3 * classes)[...], classes: classes)
    for k in 0..<classes {
      own.losses[k] = number(0, k) + number(1, k)
      own.pixels[k] = number(2, k)
      own.squares[k] = number(3, k)
    }
    own.background = (number(1, classes), number(2, classes), number(3, classes))
    return own.result(
      weights: Array(repeating: 1, count: classes), denominator: own.pixels.reduce(0, +) + number(2, classes),
      isFinite: sums.allSatisfy(\.isFinite), step: step)
  }

  /// As `Objective.complete`.
  package func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    // The two columns that are no classes have no rows of their own.
    var padded = result
    padded.factorPerClass += [0, 0]
    try scaler.complete(gradient, rows, result: padded, second: second)
  }

  /// Takes in the rows of a step that was accepted.
  package func commit(_ sums: PackedSums, step: StepContext) throws {
    guard let news = try first(sums.beforeLast, step: step), try result(sums, step: step).isFinite else { return }
    counts = zip(counts, news).map(+)
  }

  /// The counts.
  package func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    try visit(RunningStateRow("seesaw.counts"), &counts)
  }
}
