import Foundation
import Objectives
import Tensors
import TestSupport
import Testing
import Threading

/// Cross-entropy as somebody from outside writes it.
private final class LoopedCrossEntropy: Objective {
  let name = "looped"
  let rounds: [Int]
  private let classes: Int
  private let (loop, scaler) = (RowLoop(), RowScaler())

  init(classes: Int) { (self.classes, rounds) = (classes, [2 * classes]) }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    let classes = classes
    try loop.run(rows, gradient: gradient, sums: 2 * classes, into: &packed, at: offset) { row, scores, gradient, sums in
      let most = Double(scores.max() ?? 0)
      let sum = scores.reduce(0.0) { $0 + exp(Double($1) - most) }
      sums[row.label] += row.weight * (log(sum) + most - Double(scores[row.label]))
      sums[classes + row.label] += row.count
      for k in gradient.indices { gradient[k] = Float(exp(Double(scores[k]) - most) / sum) - (k == row.label ? 1 : 0) }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let last = Array(sums.rounds.last ?? [])
    let counts = Array(last[classes...])
    let factor = 1 / max(1e-300, counts.reduce(0, +))
    return StepResult(lossPerClass: last[..<classes].map { factor * $0 }, rowsPerClass: counts, factor: factor)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: rows.labels, factors: result.factorPerClass)
  }
}

/// Loops over rows for objectives of one's own, against the passes of the house.
@Suite(.computePool) struct RowLoopTests {
  private func both(_ parts: [Batch], _ layout: Layout, threads: Int = 2) throws -> (own: Outcome, house: Outcome) {
    ComputePool.configure(threadCount: threads)
    let classes = parts[0].classes
    return (
      try step(parts.map { _ in LoopedCrossEntropy(classes: classes) }, parts, layout: layout),
      try step(
        parts.map { _ in try ObjectiveRegistry.make("crossEntropy", context: ObjectiveContext(classes: classes)) }, parts, layout: layout)
    )
  }

  private func expectEqual(_ own: Outcome, _ house: Outcome) {
    #expect(abs(own.result.loss - house.result.loss) < 1e-5 * max(1, house.result.loss))
    #expect(own.result.pixelsPerClass == house.result.pixelsPerClass && own.result.isFinite)
    for (one, other) in zip(own.gradient, house.gradient) { #expect(abs(one - other) < 2e-6) }
  }

  @Test(arguments: Layout.allCases) func equalsCrossEntropy(layout: Layout) throws {
    let (own, house) = try both([.random(images: 2, rows: 2100, classes: 5)], layout)
    expectEqual(own, house)
  }

  /// Weights and second labels, on one rank and on two.
  @Test(arguments: [1, 2]) func weightsAndSecondLabelsCount(ranks: Int) throws {
    var batch = Batch.mixed(images: 4, rows: 60, classes: 6)
    for denominator in [LabelledRows.Weights.Denominator.sum, .rows] {
      batch.denominator = denominator
      let (own, house) = try both(ranks == 1 ? [batch] : [batch[0..<1], batch[1..<4]], .blocks8)
      expectEqual(own, house)
    }
  }

  @Test func sumsDoNotDependOnThreads() throws {
    let batch = Batch.random(images: 3, rows: 5000, classes: 4)
    let (one, three) = (try both([batch], .planes, threads: 1).own, try both([batch], .planes, threads: 3).own)
    #expect(one.packed == three.packed && one.gradient == three.gradient)
  }

  @Test(arguments: [5, RowLabel.background]) func labelsThatAreNoClassAreRefused(label: Int32) {
    var batch = Batch.random(images: 1, rows: 9, classes: 5)
    batch.labels[4] = label
    let error = longtailError { try step([LoopedCrossEntropy(classes: 5)], [batch]) }
    #expect(error?.message.contains("row 4 of image 0") == true, "\(String(describing: error))")
  }
}
