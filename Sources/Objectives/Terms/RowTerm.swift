import Tensors

/// An objective over the rows of one port, times a weight.
public final class RowTerm: Term {
  /// The name in reports and in checkpoints.
  public let name: String
  /// What is minimized.
  public let objective: any Objective
  /// The port whose rows are measured.
  public let place: PortPlace
  /// What the loss is multiplied by.
  public let weight: Double

  /// Describes a term.
  public init(_ name: String, _ objective: any Objective, at place: PortPlace, weight: Double = 1) {
    self.name = name
    self.objective = objective
    self.place = place
    self.weight = weight
  }

  /// The rows.
  public var reads: [PortPlace] { [place] }
  /// Their gradient.
  public var writes: [PortPlace] { [place] }
  /// Those of the objective.
  public var rounds: [Int] { objective.rounds }
  /// That of the objective.
  public var needsClassifierGram: Bool { objective.needsClassifierGram }

  private func rows(_ inputs: StepInputs) throws -> LabelledRows {
    LabelledRows(
      logits: try inputs.values(place), labels: inputs.targets.labels, second: inputs.targets.second, weights: inputs.targets.weights,
      classifierGram: inputs.classifierGram)
  }

  /// As `Objective.measure`.
  public func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let isLast = round == objective.rounds.count - 1
    try objective.measure(
      round: round, rows(inputs), gradient: isLast ? inputs.gradient(place) : nil, earlier: earlier, into: &packed, at: offset, step: step)
  }

  /// As `Objective.result`, times the weight.
  public func result(_ sums: PackedSums, step: StepContext) throws -> TermResult {
    let result = try objective.result(sums, step: step)
    return TermResult(loss: weight * result.loss, isFinite: result.isFinite, rows: result)
  }

  /// As `Objective.complete`, times the weight.
  public func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    guard let rows = result.rows else { throw LongtailError(.internalError, "term \(name) is completed without its result") }
    try objective.complete(
      gradient: inputs.gradient(place), self.rows(inputs), result: weight == 1 ? rows : rows.scalingGradient(by: weight))
  }

  /// As `Objective.commit`.
  public func commit(_ sums: PackedSums, step: StepContext) throws { try objective.commit(sums, step: step) }

  /// The objective's running state.
  public func describeState(in tree: inout StateTree) { objective.describeState(in: &tree) }
}
