import Collectives
import Tensors
import Testing

@Suite struct SingleProcessTests {
  private let communicator: Communicator = SingleProcess()

  @Test func isAGroupOfOne() {
    #expect(communicator.rank == 0 && communicator.size == 1)
    #expect(communicator.localRank == 0 && communicator.localSize == 1)
    #expect(communicator.hostNames.count == 1 && communicator.hostCount == 1)
    #expect(communicator.isRoot && communicator.claimFailureReport())
  }

  @Test func collectivesKeepWhatTheyAreGiven() throws {
    var doubles = [1.5, -2, .infinity]
    try communicator.sum(&doubles)
    try communicator.minimum(&doubles)
    try communicator.maximum(&doubles)
    #expect(doubles == [1.5, -2, .infinity])
    var integers: [Int64] = [3, -4]
    try communicator.sum(&integers)
    #expect(integers == [3, -4])
    var flags: [UInt64] = [5]
    try communicator.bitwiseOr(&flags)
    #expect(flags == [5])
    #expect(try communicator.sum(2.5) == 2.5)
    var bytes: [UInt8] = [1, 2, 3]
    try communicator.broadcast(&bytes, from: 0)
    #expect(bytes == [1, 2, 3])
    #expect(try communicator.gather(bytes, to: 0) == [[1, 2, 3]])
    #expect(try communicator.gatherEverywhere(bytes) == [[1, 2, 3]])
    try communicator.barrier()
    try communicator.finish()
  }

  @Test func otherRootsAreRefused() {
    #expect(throws: LongtailError.self) { try communicator.gather([], to: 1) }
    #expect(throws: LongtailError.self) {
      var bytes: [UInt8] = []
      try communicator.broadcast(&bytes, from: -1)
    }
  }

  @Test func bufferIsZeroAndKeepsItsNumbers() throws {
    let reducible = try communicator.reducibleBuffer(floatCount: 37)
    reducible.buffer.withFloats { floats in
      #expect(floats.count == 37)
      #expect(floats.allSatisfy { $0 == 0 })
      for index in floats.indices { floats[index] = Float(index) }
    }
    try reducible.sum()
    reducible.buffer.withFloats { floats in #expect(Array(floats) == (0..<37).map { Float($0) }) }
    #expect(reducible.strategy.contains("single process"))
    #expect(reducible.bytesReduced == 0)
  }
}
