import Collectives
import Foundation
import Tensors

/// Mixed magnitudes: the rounding of another order of addition would show.
private func value(_ rank: Int, _ index: Int) -> Float {
  Float((index &* 7919 &+ rank &* 104_729) % 1009) * (index % 5 == rank ? 1e6 : 1e-3) * ((index + rank) % 3 == 0 ? -1 : 1)
}

/// Sums buffers of none, one, fewer floats than ranks, sizes that are no multiple of anything, several pieces; bit by bit.
func checkBuffers(
  _ communicator: Communicator, expectedStrategy: String, wirePrecision: WirePrecision = .float32,
  sizes: [Int] = [0, 1, 3, 17, 1003, 65_537, 700_001]
) throws {
  for count in sizes {
    let reducible = try communicator.reducibleBuffer(floatCount: count, wirePrecision: wirePrecision)
    try expect(expectedStrategy.isEmpty || reducible.strategy.contains(expectedStrategy), "strategy '\(reducible.strategy)'")
    try expect(reducible.buffer.floatCount == count, "\(reducible.buffer.floatCount) floats, not \(count)")
    try expect(reducible.buffer.withFloats { $0.allSatisfy { $0 == 0 } }, "zero at first")
    let expectation = Expectation(communicator, strategy: reducible.strategy)
    for round in 0..<2 {
      reducible.buffer.withFloats { floats in
        for index in floats.indices { floats[index] = value(communicator.rank, index + round) }
      }
      try reducible.sum()
      try reducible.buffer.withFloats { floats in
        for index in floats.indices {
          let (expected, bound) = expectation.sum(of: index + round)
          try expect(
            floats[index].bitPattern == expected.bitPattern, "float \(index) of \(count): \(floats[index]), not \(expected)")
          let exact = (0..<communicator.size).reduce(0.0) { $0 + Double(value($1, index + round)) }
          try expect(abs(Double(expected) - exact) <= bound, "float \(index) of \(count) is off by \(Double(expected) - exact)")
        }
      }
      try expectEqualBits(reducible.buffer, communicator)
    }
    try expect(communicator.size == 1 || reducible.bytesReduced == 2 * 4 * count, "bytes reduced \(reducible.bytesReduced)")
  }
}

/// Sums a part of a buffer, from within a cache line to within another: what lies outside stays as it was.
func checkParts(_ communicator: Communicator) throws {
  let reducible = try communicator.reducibleBuffer(floatCount: 5000)
  let expectation = Expectation(communicator, strategy: reducible.strategy)
  for range in [0..<5000, 7..<4321, 100..<101, 33..<33, 4999..<5000] {
    reducible.buffer.withFloats { floats in
      for index in floats.indices { floats[index] = value(communicator.rank, index) }
    }
    try reducible.sum(range)
    try reducible.buffer.withFloats { floats in
      for index in floats.indices {
        let expected = range.contains(index) ? expectation.sum(of: index).sum : value(communicator.rank, index)
        try expect(floats[index].bitPattern == expected.bitPattern, "float \(index) of \(range): \(floats[index]), not \(expected)")
      }
    }
    // The next round writes where others may still look.
    try communicator.barrier()
  }
  for range in [-1..<3, 0..<5001] {
    do {
      try reducible.sum(range)
      try expect(false, "the part \(range) is refused")
    } catch let error as LongtailError where error.message.contains("not all within a buffer") {}
  }
}

/// What the reductions are compared with gives about the same sum.
func checkAllReduce(_ communicator: Communicator) throws {
  guard let communicator = communicator as? MPICommunicator else { return }
  let buffer = HostBuffer(floatCount: 1003)
  buffer.withFloats { floats in for index in floats.indices { floats[index] = Float(index * (communicator.rank + 1)) } }
  try communicator.allReduce(buffer, floatCount: 1000)
  let factor = communicator.size * (communicator.size + 1) / 2
  try buffer.withFloats { floats in
    for index in floats.indices {
      let expected = Float(index * (index < 1000 ? factor : communicator.rank + 1))
      try expect(floats[index] == expected, "float \(index): \(floats[index]), not \(expected)")
    }
  }
}

private func expectEqualBits(_ buffer: HostBuffer, _ communicator: Communicator) throws {
  var digests = [UInt64](repeating: 0, count: communicator.size)
  digests[communicator.rank] = buffer.withFloats { floats in
    floats.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1.bitPattern)) &* 1_099_511_628_211 }
  }
  try communicator.bitwiseOr(&digests)
  try expect(Set(digests).count == 1, "equal bits on all ranks")
}

/// The sum as it must be: in rank order; with windows on several nodes first on each node, then over the nodes.
private struct Expectation {
  /// The ranks of each node, or all.
  private let groups: [Range<Int>]
  private let isRounded: Bool

  init(_ communicator: Communicator, strategy: String) {
    let size = communicator.size
    let isByMessages = !strategy.contains("shared window of")
    groups =
      isByMessages && strategy.contains("bfloat16")
      ? (0..<size).map { $0..<$0 + 1 } : nodes(of: communicator, where: !isByMessages)
    isRounded = strategy.contains("bfloat16")
  }

  /// The bits that must come out, and how far they may be from the exact sum: u (sum |x| + |S|) for rounding, and that of float32.
  func sum(of index: Int) -> (sum: Float, bound: Double) {
    func total(_ values: some Sequence<Float>) -> Float {
      var sum: Float?
      for value in values { sum = sum.map { $0 + value } ?? value }
      return sum ?? 0
    }
    func rounded(_ value: Float) -> Float { bfloat16Value(bfloat16Bits(value)) }
    let parts = groups.map { total($0.map { value($0, index) }) }
    let magnitude = groups.joined().reduce(0.0) { $0 + Double(abs(value($1, index))) }
    let single = magnitude * Double(groups.joined().count) * 0x1p-24
    if !isRounded { return (total(parts), single) }
    let sum = total(parts.map(rounded))
    let contributions = parts.reduce(0.0) { $0 + Double(abs($1)) }
    return (rounded(sum), (contributions + abs(Double(sum))) * 0x1p-8 + 2 * single)
  }
}

/// The ranks of each node; all ranks as one where that is not how they are added.
func nodes(of communicator: Communicator, where isByNode: Bool) -> [Range<Int>] {
  guard isByNode, let sizes = (communicator as? MPICommunicator)?.localSizes else { return [0..<communicator.size] }
  var groups: [Range<Int>] = []
  while groups.reduce(0, { $0 + $1.count }) < communicator.size {
    let first = groups.last?.upperBound ?? 0
    groups.append(first..<first + sizes[first])
  }
  return groups
}
