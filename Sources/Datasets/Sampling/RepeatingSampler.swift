import Tensors

/// Repeats each sample r_i times on average: floor(r_i) times in each round, and once more with the chance of the rest.
///
/// Rounds follow each other without end, and epochs of L positions are cut from them. A round is shuffled. Chances of one more are drawn
/// systematically over the samples in random order, so that all rounds are of one length K = ceil(sum r): what is left to K is one
/// more sample, drawn by r. So each sample's share is exact: expected copies in an epoch are L r_i / sum r.
/// An image's factor by its rarest class makes it LVIS's sampler; there, chances are drawn one by one, and rounds differ in length.
/// Costs 16 bytes a sample, and one round of K a round that an epoch touches.
package struct RepeatingSampler: Sampler {
  /// Positions of an epoch.
  package let epochLength: Int
  /// How often each sample comes in a round on average.
  package let factors: [Double]
  /// Positions of a round, K.
  package let roundLength: Int
  private let seed: UInt64
  private let table: CumulativeWeights

  /// Describes a sampler.
  /// - Parameter factors: r_i, at least 0.
  /// - Throws: `.usage` for factors that are negative, above a million or all 0.
  package init(seed: UInt64, factors: [Double], epochLength: Int) throws {
    self.seed = seed
    self.factors = factors
    self.epochLength = max(0, epochLength)
    table = try CumulativeWeights(factors)
    if let place = factors.firstIndex(where: { $0 > 1e6 }) {
      throw LongtailError(.usage, "sample \(place) would come \(factors[place]) times in a round", advice: "A million times are the most.")
    }
    let whole = factors.reduce(0) { $0 + Int($1) }
    let rest = factors.reduce(0) { $0 + $1 - $1.rounded(.down) }
    // A sum of shares that is whole but for rounding needs no further sample.
    roundLength = max(1, whole + Int((rest - 1e-9 * Double(factors.count)).rounded(.up)))
  }

  /// The number of samples.
  package var sampleCount: Int { factors.count }

  /// The epoch's stretch of the rounds.
  package func samples(epoch: Int) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(epochLength)
    var position = epoch * epochLength
    while result.count < epochLength {
      let round = samples(round: position / roundLength)
      let stretch = round[(position % roundLength)...].prefix(epochLength - result.count)
      result += stretch
      position += stretch.count
    }
    return result
  }

  /// All samples of a round, in order.
  package func samples(round: Int) -> [Int] {
    let random = CounterRandom(seed: seed, purpose: .sampling, epoch: round)
    var samples: [Int] = []
    samples.reserveCapacity(roundLength)
    for (sample, factor) in factors.enumerated() { samples += repeatElement(sample, count: Int(factor)) }
    // A comb of distance 1 with its first tooth anywhere: a stretch as long as a chance is hit with that chance.
    var sum = random.uniform(0)
    for sample in random.permutation(of: factors.count) {
      let next = sum + factors[sample] - factors[sample].rounded(.down)
      if next.rounded(.down) > sum.rounded(.down), samples.count < roundLength { samples.append(sample) }
      sum = next
    }
    while samples.count < roundLength { samples.append(table.index(at: random.uniform(factors.count + samples.count))) }
    let order = CounterRandom(seed: seed, purpose: .sampling, epoch: round, sample: 1).permutation(of: samples.count)
    return order.map { samples[$0] }
  }

  /// The epoch's length times the share of the factors.
  package func expectedCopies(epoch: Int) -> [Double] { table.shares.map { Double(epochLength) * $0 } }
}
