import Tensors

extension Objective {
  /// Throws unless the rows have the classes that the objective was made for, and the round's numbers lie in the vector.
  func check(_ rows: LabelledRows, classes: Int, _ packed: [Double], at offset: Int, round: Int) throws {
    guard rows.logits.classes == classes else {
      throw LongtailError(
        .mismatch, "objective \(name) was made for \(classes) classes, but the network's head gives \(rows.logits.classes)",
        advice: "Give the network as many classes as the data set has.")
    }
    guard rounds.indices.contains(round) else {
      throw LongtailError(.internalError, "objective \(name) has \(rounds.count) rounds of sums, and no round \(round)")
    }
    guard offset >= 0, offset + rounds[round] <= packed.count else {
      throw LongtailError(
        .internalError, "objective \(name): no \(rounds[round]) numbers from \(offset) on in a vector of \(packed.count)")
    }
  }

  /// The sums of the last round; in a training step those before it have to be there, too.
  /// - Throws: `LongtailError` if sums are missing or too few.
  func last(_ sums: PackedSums, step: StepContext) throws -> ArraySlice<Double> {
    guard sums.rounds.count == (step.isTraining ? rounds.count : 1) else {
      throw LongtailError(
        .internalError, "objective \(name): the sums of \(sums.rounds.count) rounds in a step of \(step.isTraining ? rounds.count : 1)")
    }
    guard let last = sums.rounds.last, last.count == packedCount else {
      throw LongtailError(
        .internalError, "objective \(name): \(sums.rounds.last?.count ?? 0) sums in the last round instead of \(packedCount)")
    }
    return last
  }

  /// The sums of the first of two rounds, nil where a loss is only looked at.
  /// - Throws: `LongtailError` if a training step lacks them.
  func first(_ sums: ArraySlice<Double>?, step: StepContext) throws -> ArraySlice<Double>? {
    if !step.isTraining { return nil }
    guard let sums, sums.count == rounds.first else {
      throw LongtailError(.internalError, "objective \(name): a training step without the sums of its first round")
    }
    return sums
  }
}
