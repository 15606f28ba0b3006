import Collectives
import Tensors

/// What all ranks agree on in the middle of each step, before any of them changes a parameter: the last numbers of the packed vector.
///
/// Each rank writes what it knows, the sum over the ranks is then the same on all of them, and so is the branch that they take.
/// It costs no message of its own.
package struct ControlWord: Equatable {
  /// Ranks whose sums are not finite.
  package var nonFiniteRanks = 0
  /// Ranks that cannot go on after this step.
  package var failedRanks = 0
  /// What anybody outside wants.
  package var requests = Requests()
  /// Whether all ranks do the same step.
  package var isInStep = true

  /// Numbers that it takes in the packed vector.
  package static let packedCount = 7
  /// Steps are compared by what is left of them, so that squares stay exact over any number of ranks.
  private static let stepModulus = 4096

  /// Writes what this rank knows.
  package static func pack(
    isFinite: Bool, hasFailed: Bool, requests: Requests, step: Int, into packed: inout [Double], at offset: Int
  ) {
    let number = Double(step % stepModulus)
    packed[offset] = isFinite ? 0 : 1
    packed[offset + 1] = hasFailed ? 1 : 0
    packed[offset + 2] = requests.stop ? 1 : 0
    packed[offset + 3] = requests.save ? 1 : 0
    packed[offset + 4] = requests.timeIsUp ? 1 : 0
    packed[offset + 5] = number
    packed[offset + 6] = number * number
  }

  /// Nothing is wanted, and nothing wrong.
  package init() {}

  /// What the sum over all ranks says.
  package init(packed: [Double], at offset: Int, ranks: Int) {
    nonFiniteRanks = Int(packed[offset])
    failedRanks = Int(packed[offset + 1])
    requests.stop = packed[offset + 2] > 0
    requests.save = packed[offset + 3] > 0
    requests.timeIsUp = packed[offset + 4] > 0
    // Numbers are all equal where their mean square is the square of their mean. The sums are exact: so is this.
    isInStep = Double(ranks) * packed[offset + 6] == packed[offset + 5] * packed[offset + 5]
  }

  /// Refuses to go on with ranks that do different steps; the same on all of them.
  /// - Throws: `LongtailError` with code `ranksDiverged`.
  func requireSameStep(_ step: Int) throws {
    guard !isInStep else { return }
    throw LongtailError(
      .ranksDiverged, "the ranks do not do the same step (this one does step \(step + 1))",
      advice: "Resume from the last checkpoint. If it happens again, a rank missed a step: its log or host may show why.")
  }
}
