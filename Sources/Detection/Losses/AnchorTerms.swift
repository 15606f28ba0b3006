import Foundation
import Objectives
import Tensors

/// Whether the first stage tells objects from background: the mean binary cross-entropy of the drawn anchors of the global batch.
///
/// One round: the sum of losses, the number of drawn anchors. Gradient: (sigmoid(z) - y) / number; 0 for anchors that were not drawn.
package final class ObjectnessTerm: Term {
  /// The name in reports.
  package let name: String
  /// The scores of each level, the finest first, or those of all levels in one.
  package let reads: [PortPlace]
  /// All of them.
  package var writes: [PortPlace] { reads }
  /// Loss and number.
  package let rounds = [2]
  private let targets: AnchorTargets
  private let weight: Double

  /// - Parameters:
  ///   - name: in reports.
  ///   - places: the scores of each level.
  ///   - targets: filled before each step.
  ///   - weight: what the loss is multiplied by.
  package init(_ name: String = "objectness", at places: [PortPlace], targets: AnchorTargets, weight: Double = 1) {
    (self.name, reads, self.targets, self.weight) = (name, places, targets, weight)
  }

  /// Leaves the gradient without its denominator.
  package func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let values = try reads.map { try inputs.values($0) }
    let gradients = step.isTraining ? try reads.map { try inputs.gradient($0) } : []
    for gradient in gradients { gradient.clear() }
    var loss = 0.0
    for entry in targets.entries {
      let z = Double(values[entry.place.level].number(image: entry.image, row: entry.place.row, class: entry.place.anchor))
      let power = exp(-abs(z))
      loss += max(z, 0) + log1p(power) - (entry.isPositive ? z : 0)
      if gradients.isEmpty { continue }
      let probability = z >= 0 ? 1 / (1 + power) : power / (1 + power)
      gradients[entry.place.level].set(
        Float(probability - (entry.isPositive ? 1 : 0)), image: entry.image, row: entry.place.row, class: entry.place.anchor)
    }
    (packed[offset], packed[offset + 1]) = (loss, Double(targets.entries.count))
  }

  /// The mean.
  package func result(_ sums: PackedSums, step: StepContext) throws -> TermResult { try MeanTerm.result(sums, name: name, weight: weight) }

  /// Divides by the number of drawn anchors of all ranks.
  package func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    let factor = try MeanTerm.factor(sums, result, name: name, weight: weight)
    let gradients = try reads.map { try inputs.gradient($0) }
    for entry in targets.entries {
      gradients[entry.place.level].scale(
        by: factor, image: entry.image, row: entry.place.row, classes: entry.place.anchor..<entry.place.anchor + 1)
    }
  }
}

/// Whether the first stage knows where objects are: smooth L1 over the codes of drawn positive anchors, divided by the number of all drawn.
///
/// One round: the sum of losses, the number of drawn anchors.
package final class AnchorBoxTerm: Term {
  /// The name in reports.
  package let name: String
  /// The codes of each level, the finest first, or those of all levels in one.
  package let reads: [PortPlace]
  /// All of them.
  package var writes: [PortPlace] { reads }
  /// Loss and number.
  package let rounds = [2]
  private let targets: AnchorTargets
  private let error: SmoothL1
  private let weight: Double

  /// - Parameters:
  ///   - name: in reports.
  ///   - places: the codes of each level.
  ///   - targets: filled before each step.
  ///   - error: of a number of a code.
  ///   - weight: what the loss is multiplied by.
  package init(
    _ name: String = "anchorBoxes", at places: [PortPlace], targets: AnchorTargets, error: SmoothL1 = .torchvision, weight: Double = 1
  ) {
    (self.name, reads, self.targets, self.error, self.weight) = (name, places, targets, error, weight)
  }

  /// Leaves the gradient without its denominator.
  package func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let values = try reads.map { try inputs.values($0) }
    let gradients = step.isTraining ? try reads.map { try inputs.gradient($0) } : []
    for gradient in gradients { gradient.clear() }
    var loss = 0.0
    for entry in targets.entries where entry.isPositive {
      let code = values[entry.place.level].code(image: entry.image, row: entry.place.row, first: 4 * entry.place.anchor)
      let part = error(code, target: entry.code)
      loss += part.loss
      if gradients.isEmpty { continue }
      for number in 0..<4 {
        gradients[entry.place.level].set(
          part.gradient[number], image: entry.image, row: entry.place.row, class: 4 * entry.place.anchor + number)
      }
    }
    (packed[offset], packed[offset + 1]) = (loss, Double(targets.entries.count))
  }

  /// The sum over the number of drawn anchors.
  package func result(_ sums: PackedSums, step: StepContext) throws -> TermResult { try MeanTerm.result(sums, name: name, weight: weight) }

  /// Divides by the number of drawn anchors of all ranks.
  package func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    let factor = try MeanTerm.factor(sums, result, name: name, weight: weight)
    let gradients = try reads.map { try inputs.gradient($0) }
    for entry in targets.entries where entry.isPositive {
      gradients[entry.place.level].scale(
        by: factor, image: entry.image, row: entry.place.row, classes: 4 * entry.place.anchor..<4 * entry.place.anchor + 4)
    }
  }
}

/// What terms share whose only round sums a loss and a number.
enum MeanTerm {
  private static func sums(_ sums: PackedSums, name: String) throws -> (loss: Double, count: Double) {
    guard let last = sums.rounds.last, last.count == 2 else {
      throw LongtailError(.internalError, "term \(name): \(sums.rounds.last?.count ?? 0) sums instead of 2")
    }
    return (last[last.startIndex], last[last.startIndex + 1])
  }

  /// Loss over number; of nothing it is 0.
  static func result(_ sums: PackedSums, name: String, weight: Double) throws -> TermResult {
    let (loss, count) = try MeanTerm.sums(sums, name: name)
    let isFinite = loss.isFinite && count.isFinite
    return TermResult(loss: isFinite ? weight * loss / max(1, count) : .nan, isFinite: isFinite)
  }

  /// What a gradient is multiplied by; 0 where the sums are no numbers.
  static func factor(_ sums: PackedSums, _ result: TermResult, name: String, weight: Double) throws -> Float {
    result.isFinite ? Float(weight / max(1, try MeanTerm.sums(sums, name: name).count)) : 0
  }
}

extension RowsView {
  /// Writes a number of a row.
  func set(_ value: Float, image: Int, row: Int, class k: Int) {
    buffer.withFloats { $0[index(image: image, row: row, class: k)] = value }
  }

  /// Multiplies numbers of a row; by 0 they become 0 whatever they are.
  func scale(by factor: Float, image: Int, row: Int, classes: Range<Int>) {
    buffer.withFloats { floats in
      for k in classes {
        let place = index(image: image, row: row, class: k)
        floats[place] = factor == 0 ? 0 : floats[place] * factor
      }
    }
  }
}
