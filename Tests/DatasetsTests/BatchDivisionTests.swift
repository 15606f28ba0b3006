import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct BatchDivisionTests {
  @Test func orderIsAPermutationOfSeedAndEpoch() {
    let order = SampleOrder(seed: 7, count: 101)
    #expect(order.permutation(epoch: 3) == SampleOrder(seed: 7, count: 101).permutation(epoch: 3))
    #expect(order.permutation(epoch: 3).sorted() == Array(0..<101))
    #expect(order.permutation(epoch: 3) != order.permutation(epoch: 4))
    #expect(order.permutation(epoch: 3) != SampleOrder(seed: 8, count: 101).permutation(epoch: 3))
    #expect(SampleOrder(seed: 7, count: 5, shuffled: false).permutation(epoch: 9) == [0, 1, 2, 3, 4])
    #expect(SampleOrder(seed: 7, count: 0).permutation(epoch: 0).isEmpty)
    #expect(SampleOrder(seed: 7, count: 1).permutation(epoch: 0) == [0])
  }

  @Test func everyPositionIsVisitedAboutEquallyOften() {
    var counts = [Int](repeating: 0, count: 5)
    for epoch in 0..<2000 {
      if let place = SampleOrder(seed: 1, count: 5).permutation(epoch: epoch).firstIndex(of: 2) { counts[place] += 1 }
    }
    #expect(counts.allSatisfy { abs($0 - 400) < 80 })
  }

  @Test func unionOverRanksIsTheGlobalOrder() throws {
    for ranks in 1...5 {
      for count in 1...2 * ranks + 1 {
        for batch in 1...2 * ranks + 1 {
          let division = try BatchDivision(sampleCount: count, globalBatch: batch, dropLast: false, ranks: ranks)
          let order = SampleOrder(seed: 3, count: count)
          var visited: [Int] = []
          for step in 0..<division.stepsPerEpoch {
            var sizes: [Int] = []
            for rank in 0..<ranks {
              let samples = division.samples(order: order, epoch: 2, step: step, rank: rank)
              visited += samples
              sizes.append(samples.count)
              #expect(samples.count <= division.largestShare(rank: rank))
            }
            #expect(sizes == sizes.sorted(by: >), "the first ranks have more")
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            #expect(sizes.reduce(0, +) == division.positions(step: step).count)
          }
          #expect(visited == order.permutation(epoch: 2), "\(count) samples, batch \(batch), \(ranks) ranks")
        }
      }
    }
  }

  @Test func aStepDoesNotDependOnTheNumberOfRanks() throws {
    let order = SampleOrder(seed: 5, count: 37)
    let single = try BatchDivision(sampleCount: 37, globalBatch: 8, dropLast: false, ranks: 1)
    for ranks in 2...5 {
      let division = try BatchDivision(sampleCount: 37, globalBatch: 8, dropLast: false, ranks: ranks)
      for step in 0..<5 {
        let together = (0..<ranks).flatMap { division.samples(order: order, epoch: 1, step: step, rank: $0) }
        #expect(together == single.samples(order: order, epoch: 1, step: step, rank: 0))
      }
    }
  }

  @Test func dropLast() throws {
    let division = try BatchDivision(sampleCount: 10, globalBatch: 4, dropLast: true, ranks: 3)
    #expect(division.stepsPerEpoch == 2)
    #expect(try BatchDivision(sampleCount: 10, globalBatch: 4, dropLast: false, ranks: 3).stepsPerEpoch == 3)
    #expect(longtailError { try BatchDivision(sampleCount: 3, globalBatch: 4, dropLast: true, ranks: 1) }?.code == .usage)
    #expect(longtailError { try BatchDivision(sampleCount: 0, globalBatch: 4, dropLast: false, ranks: 1) }?.code == .badData)
    #expect(longtailError { try BatchDivision(sampleCount: 3, globalBatch: 0, dropLast: false, ranks: 1) }?.code == .usage)
  }

  @Test func shardsPartition() {
    for ranks in 1...5 {
      for count in 0...11 {
        let shards = (0..<ranks).map { BatchDivision.shard(of: count, ranks: ranks, rank: $0) }
        #expect(shards.flatMap { Array($0) } == Array(0..<count))
      }
    }
  }
}
