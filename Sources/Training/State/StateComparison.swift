import Collectives
import Tensors

/// Fingerprints of all that has to be the same on all ranks. Cost: one pass over all numbers at the speed of memory.
struct StateComparison {
  /// The leaves that are compared; those that each rank has of its own are not among them.
  let leaves: [StateLeaf]
  /// Their fingerprints.
  let digests: [StateDigest]

  /// Takes the fingerprints.
  init(_ tree: StateTree) {
    leaves = tree.leaves.filter { $0.sharing == .replicated }
    digests = leaves.map(\.digest)
  }

  /// The places of all leaves that are not the same on all ranks; nil where there are none. Collective: one minimum and one maximum of two
  /// numbers a leaf.
  func differences(_ communicator: any Communicator) throws -> (index: Int, all: [Int])? {
    // Numbers that a reduction keeps exactly: two of 32 bits each.
    let packed = digests.flatMap { [Double($0.value >> 32), Double($0.value & 0xFFFF_FFFF)] }
    return try RankComparison.firstDifference(packed, width: 2, communicator)
  }
}

extension Learner {
  /// Compares everything that training remembers over ranks, bit for bit.
  ///
  /// Collective: one minimum and one maximum of two numbers a leaf. What they say is the same on every rank, so all go on or all end.
  /// - Parameter crashDirectory: where each rank writes `rank-<r>.json` about what it holds, when they differ.
  /// - Throws: `LongtailError` with code `ranksDiverged` naming the first tensor that differs, and the first number in it.
  package func requireEqualStates(crashDirectory: String? = nil) throws {
    guard let record = try divergence() else { return }
    let crash = crashDirectory.map { "\($0)/rank-\(communicator.rank).json" }
    if let crash { record.write(to: crash) }
    // Nobody ends the job before all have written.
    try communicator.barrier()
    throw LongtailError(
      .ranksDiverged, "after step \(stepCount) the ranks no longer hold the same \(record.summary)",
      advice: "No checkpoint was written from this state. Suspect memory or a library that is not deterministic; resume from the last one."
        + (crash == nil ? "" : " What each rank holds is in \(crashDirectory ?? "")."))
  }

  /// Refuses to begin unless all ranks hold the same. Collective.
  /// - Throws: `LongtailError` with code `mismatch` naming the first tensor that differs.
  func requireEqualStart() throws {
    guard let record = try divergence() else { return }
    throw LongtailError(
      .mismatch, "the ranks do not begin with the same \(record.summary)",
      advice: "It follows from seed and checkpoint alone: use the same program on all hosts.")
  }

  private func divergence() throws -> DivergenceRecord? {
    guard communicator.size > 1 else { return nil }
    let comparison = StateComparison(StateTree(self))
    guard let first = try comparison.differences(communicator) else { return nil }
    return try DivergenceRecord(comparison, first: first.index, all: first.all, step: stepCount, communicator)
  }
}
