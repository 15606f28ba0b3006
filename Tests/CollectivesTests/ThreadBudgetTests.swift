import Collectives
import Testing

@Suite struct ThreadBudgetTests {
  private func budget(
    _ masks: [[UInt64]], rank: Int = 0, requests: [Int?]? = nil, online: Int = 0
  ) -> ThreadBudget {
    ThreadBudget(
      masks: masks, localRank: rank, requests: requests ?? masks.map { _ in nil }, onlineProcessors: online, host: "node7")
  }

  @Test func unboundRanksShareEqually() {
    let budgets = (0..<4).map { budget(Array(repeating: [0xff], count: 4), rank: $0) }
    #expect(budgets.allSatisfy { $0.threads == 2 && $0.processors == 8 && $0.sharingRanks == 4 && $0.warning == nil })
    #expect(budget([[0x1f], [0x1f]]).threads == 2)
    #expect(budget([[0x7], [0x7], [0x7]], rank: 2).threads == 1)
  }

  @Test func boundRanksKeepTheirOwn() {
    let masks: [[UInt64]] = [[0x0f, 0], [0xf0, 0], [0, 0xf]]
    for rank in 0..<3 {
      let found = budget(masks, rank: rank)
      #expect(found.threads == 4 && found.processors == 4 && found.sharingRanks == 1 && found.warning == nil)
    }
  }

  @Test func overlappingMasksAreSharedProcessorByProcessor() {
    // Rank 0 has processors 0...3 alone and shares 4...7 with rank 1.
    let masks: [[UInt64]] = [[0xff], [0xf0]]
    #expect(budget(masks, rank: 0).threads == 6)
    #expect(budget(masks, rank: 1).threads == 2)
  }

  @Test func moreRanksThanProcessorsIsSaid() throws {
    let found = budget(Array(repeating: [0x3], count: 4))
    #expect(found.threads == 1)
    let warning = try #require(found.warning)
    #expect(warning.contains("node7 is oversubscribed: 4 ranks with 4 threads share 2 processors"))
  }

  @Test func requestIsRespectedAndItsCostSaid() throws {
    let fits = budget([[0xf]], requests: [3])
    #expect(fits.threads == 3 && fits.source == .environment && fits.warning == nil)
    #expect(fits.summary.contains("OMP_NUM_THREADS"))
    let warning = try #require(budget([[0x1]], requests: [8], online: 8).warning)
    #expect(warning.contains("8 threads") && warning.contains("1 of its processors") && warning.contains("slot:PE=8"))
    #expect(budget([[0xff], [0xff]], requests: [8, 8]).warning?.contains("16 threads share 8 processors") == true)
  }

  @Test func idleProcessorsAreSaid() throws {
    // What a plain `mpirun -n 2` does on a node with 64 processors.
    let warning = try #require(budget([[0x1], [0x2]], online: 64).warning)
    #expect(warning.contains("64 processors, and its 2 ranks may run on 2"))
    #expect(budget([[0x1], [0x2]], online: 2).warning == nil)
  }

  @Test func unknownMaskCountsAsOneProcessor() {
    let found = budget([[0]])
    #expect(found.threads == 1 && found.processors == 1 && found.sharingRanks == 1)
  }

  @Test func singleProcessUsesItsMask() throws {
    let found = try SingleProcess().threadBudget(environment: [:])
    #expect(found.threads == found.processors && found.source == .affinity)
    #expect(try SingleProcess().threadBudget(environment: ["OMP_NUM_THREADS": "1,4"]).threads == 1)
    #expect(try SingleProcess().threadBudget(environment: ["OMP_NUM_THREADS": "plenty"]).source == .affinity)
  }
}
