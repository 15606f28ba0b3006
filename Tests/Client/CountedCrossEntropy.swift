import Foundation
import Longtail

/// Cross-entropy in which every class of the global batch counts the same, and hard ones more. Two rounds: the rows of each class, whose number
/// its rows are divided by; then the losses. A moving mean of each class's loss is the state, and weights the classes of later steps.
final class CountedCrossEntropy: Objective {
  struct Settings: Section {
    var memory = 0.9
    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("memory", &memory, "how much of a class's mean loss stays from step to step", .between(0, below: 1))
    }
  }
  static let entry = ObjectiveRegistry.Entry(
    "countedCrossEntropy", summary: "every class of the batch counts the same, hard ones more", about: "Made up.", settings: Settings()
  ) { CountedCrossEntropy(classes: $1.classes, memory: $0.memory) }

  let name = "countedCrossEntropy"
  var rounds: [Int] { [classes, 2 * classes] }
  private let (classes, memory): (Int, Double)
  private var hardness: [Double]
  private let (loop, scaler) = (RowLoop(), RowScaler())
  init(classes: Int, memory: Double) { (self.classes, self.memory, hardness) = (classes, memory, Array(repeating: 1, count: classes)) }

  func measure(
    round: Int, _ rows: LabelledRows, gradient: RowsView?, earlier: PackedSums, into packed: inout [Double], at offset: Int,
    step: StepContext
  ) throws {
    let classes = classes
    if round == 0 {
      return try loop.run(rows, gradient: nil, sums: classes, into: &packed, at: offset) { row, _, _, sums in sums[row.label] += row.count }
    }
    let counts = Array(earlier.rounds.first ?? [])
    let weights = hardness.indices.map { k in counts.isEmpty ? 1 : counts[k] > 0 ? (0.5 + hardness[k]) / counts[k] : 0 }
    try loop.run(rows, gradient: gradient, sums: 2 * classes, into: &packed, at: offset) { row, scores, gradient, sums in
      let (most, weight) = (scores.max() ?? 0, weights[row.label])
      let sum = scores.reduce(0) { $0 + exp($1 - most) }
      sums[row.label] += row.weight * weight * Double(log(sum) + most - scores[row.label])
      sums[classes + row.label] += row.count
      for k in gradient.indices { gradient[k] = Float(weight) * (exp(scores[k] - most) / sum - (k == row.label ? 1 : 0)) }
    }
  }

  func result(_ sums: PackedSums, step: StepContext) throws -> StepResult {
    let last = Array(sums.rounds.last ?? [])
    let factor = 1 / (step.isTraining ? Double(classes) : max(1, last[classes...].reduce(0, +)))
    return StepResult(lossPerClass: last[..<classes].map { factor * $0 }, rowsPerClass: Array(last[classes...]), factor: factor)
  }

  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try scaler.scaleRows(gradient, labels: rows.labels, factors: result.factorPerClass)
  }
  func commit(_ sums: PackedSums, step: StepContext) throws {
    let result = try result(sums, step: step)
    guard step.isTraining, result.isFinite else { return }
    hardness = zip(hardness, result.lossPerClass).map { memory * $0 + (1 - memory) * $1 }
  }
  func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows { try visit(RunningStateRow("hardness"), &hardness) }
}
