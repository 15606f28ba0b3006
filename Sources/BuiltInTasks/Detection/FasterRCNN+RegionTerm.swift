import Detection
import Objectives
import Tensors
import Training

/// An objective over the regions of a step, whose labels are found between the stages.
package final class RegionTerm: Term {
  /// The name in reports and in checkpoints.
  package let name: String
  private let objective: any Objective
  private let place: PortPlace
  private let regions: RegionTargets

  /// - Parameters:
  ///   - objective: what is minimized.
  ///   - place: the logits, a row a region.
  ///   - regions: filled before the rows are measured.
  init(_ name: String, _ objective: any Objective, at place: PortPlace, regions: RegionTargets) {
    (self.name, self.objective, self.place, self.regions) = (name, objective, place, regions)
  }

  /// The rows.
  package var reads: [PortPlace] { [place] }
  /// Their gradient.
  package var writes: [PortPlace] { [place] }
  /// Those of the objective.
  package var rounds: [Int] { objective.rounds }

  private func withRows<Result>(_ inputs: StepInputs, _ body: (LabelledRows) throws -> Result) throws -> Result {
    let logits = try inputs.values(place)
    return try regions.labels.withUnsafeBufferPointer { try body(LabelledRows(logits: logits, labels: $0)) }
  }

  /// As `Objective.measure`.
  package func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let gradient = round == objective.rounds.count - 1 ? try inputs.gradient(place) : nil
    try withRows(inputs) {
      try objective.measure(round: round, $0, gradient: gradient, earlier: earlier, into: &packed, at: offset, step: step)
    }
  }

  /// As `Objective.result`.
  package func result(_ sums: PackedSums, step: StepContext) throws -> TermResult {
    let result = try objective.result(sums, step: step)
    return TermResult(loss: result.loss, isFinite: result.isFinite, rows: result)
  }

  /// As `Objective.complete`.
  package func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    guard let own = result.rows else { throw LongtailError(.internalError, "term \(name) is completed without its result") }
    try withRows(inputs) { try objective.complete(gradient: inputs.gradient(place), $0, result: own) }
  }

  /// As `Objective.commit`.
  package func commit(_ sums: PackedSums, step: StepContext) throws { try objective.commit(sums, step: step) }

  /// The objective's running state.
  package func describeState(in tree: inout StateTree) { objective.describeState(in: &tree) }
}
