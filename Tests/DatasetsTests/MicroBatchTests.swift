import Datasets
import Tensors
import Testing

@Suite struct MicroBatchTests {
  /// Micro-batch j of all ranks together is the same stretch of the order, whatever the number of ranks.
  @Test func whatAMicroBatchIsDoesNotDependOnTheRanks() throws {
    for parts in 1...4 {
      for batch in 1...9 {
        let single = try BatchDivision(sampleCount: 23, globalBatch: batch, dropLast: false, ranks: 1, microBatches: parts)
        for ranks in 1...5 {
          let division = try BatchDivision(sampleCount: 23, globalBatch: batch, dropLast: false, ranks: ranks, microBatches: parts)
          for step in 0..<division.stepsPerEpoch {
            for part in 0..<parts {
              let together = (0..<ranks).flatMap { Array(division.positions(step: step, rank: $0)[part]) }
              #expect(together == Array(single.positions(step: step, rank: 0)[part]))
            }
            let whole = (0..<parts).flatMap { Array(single.positions(step: step, rank: 0)[$0]) }
            #expect(whole == Array(single.positions(step: step)))
            for rank in 0..<ranks {
              let share = division.positions(step: step, rank: rank).reduce(0) { $0 + $1.count }
              #expect(share <= division.largestShare(rank: rank))
            }
          }
        }
      }
    }
  }

  @Test func noMicroBatchIsRefused() {
    #expect(throws: LongtailError.self) {
      try BatchDivision(sampleCount: 4, globalBatch: 2, dropLast: true, ranks: 1, microBatches: 0)
    }
  }
}
