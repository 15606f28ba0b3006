import Tensors
import Testing

@Suite struct CounterRandomTests {
  /// The published known answer of Philox 4x32-10 for a key and a counter of zero (Random123, kat_vectors).
  @Test func matchesThePublishedAnswer() {
    let seed = 0 &- 0x9E37_79B9_7F4A_7C15 &* UInt64(CounterRandom.Purpose.testing.rawValue)
    let block = CounterRandom(seed: seed, purpose: .testing).block(0)
    #expect(block == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
  }

  @Test func streamsDiffer() {
    let streams = [
      CounterRandom(seed: 1, purpose: .order), CounterRandom(seed: 2, purpose: .order), CounterRandom(seed: 1, purpose: .dropout),
      CounterRandom(seed: 1, purpose: .order, epoch: 1), CounterRandom(seed: 1, purpose: .order, sample: 1),
    ]
    #expect(Set(streams.map { $0.bits(0) }).count == streams.count)
    #expect(Set((0..<1000).map { streams[0].bits($0) }).count == 1000)
  }

  @Test func uniformNumbersFillTheirRange() {
    let random = CounterRandom(seed: 3, purpose: .testing)
    let numbers = (0..<20000).map { random.uniform($0) }
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(numbers.reduce(0, +) / 20000 - 0.5) < 0.01)
    #expect((0..<1000).allSatisfy { (-2...3).contains(random.uniform($0, in: -2...3)) })
    var counts = [Int](repeating: 0, count: 7)
    for index in 0..<7000 { counts[random.integer(index, below: 7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 1000) < 150 })
  }
}
