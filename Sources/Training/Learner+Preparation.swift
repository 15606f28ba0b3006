import Datasets
import Objectives
import Tensors

extension Learner {
  /// The sums of the rounds before the last, which some objectives need before their pass: of class counts, areas, or a histogram of losses.
  /// Collective for those.
  func earlierRounds(_ rows: LabelledRows, context: StepContext, clock: inout PhaseClock) throws -> PackedSums {
    var sums = PackedSums()
    for (round, count) in objective.rounds.dropLast().enumerated() {
      var packed = Array(repeating: 0.0, count: count)
      try objective.measure(round: round, rows, gradient: nil, earlier: sums, into: &packed, at: 0, step: context)
      clock.end("objective")
      try communicator.sum(&packed)
      clock.end("reduceStatistics")
      sums.append(packed[...])
    }
    return sums
  }
}
