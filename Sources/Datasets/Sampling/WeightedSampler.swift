import Tensors

/// Draws with replacement: at each position sample i with the chance w_i / sum w, independently of all others.
///
/// Class-first drawing is this too: a class with chance q_c, then one of the N_c samples that show it, gives w_i = sum over its classes of
/// q_c / N_c. Expected copies in an epoch of L positions: L w_i / sum w.
/// Costs 8 bytes a sample, and a random number and a binary search a position.
package struct WeightedSampler: Sampler {
  /// The number of samples.
  package var sampleCount: Int { table.count }
  /// Positions of an epoch.
  package let epochLength: Int
  /// The classes that samples are drawn for, where classes are drawn first.
  package let classDraw: ClassDraw?
  private let seed: UInt64
  private let table: CumulativeWeights

  /// Describes a sampler that draws a class first.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - draw: the chances of the classes.
  ///   - epochLength: positions of an epoch.
  /// - Throws: `.usage` where no class may be drawn.
  package init(seed: UInt64, draw: ClassDraw, epochLength: Int) throws {
    self.seed = seed
    self.epochLength = max(0, epochLength)
    classDraw = draw
    table = try CumulativeWeights(draw.sampleChances)
  }

  /// Describes a sampler.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - weights: of each sample; only what they are to each other counts.
  ///   - epochLength: positions of an epoch.
  /// - Throws: `.usage` for weights that are negative, not finite or all 0.
  package init(seed: UInt64, weights: [Double], epochLength: Int) throws {
    self.seed = seed
    self.epochLength = max(0, epochLength)
    classDraw = nil
    table = try CumulativeWeights(weights)
  }

  /// The samples drawn in an epoch.
  package func samples(epoch: Int) -> [Int] {
    let random = CounterRandom(seed: seed, purpose: .sampling, epoch: epoch)
    return (0..<epochLength).map { table.index(at: random.uniform($0)) }
  }

  /// The epoch's length times the share of the weights.
  package func expectedCopies(epoch: Int) -> [Double] { table.shares.map { Double(epochLength) * $0 } }
}

/// Weights as a table to draw from.
struct CumulativeWeights: Sendable {
  private let ends: [Double]

  /// - Parameter weights: at least 0, finite, and not all 0.
  init(checked weights: [Double]) {
    var sum = 0.0
    ends = weights.map { weight in
      sum += weight
      return sum
    }
  }

  /// - Throws: `.usage` for weights that are negative, not finite or all 0.
  init(_ weights: [Double]) throws {
    self.init(checked: weights)
    let sum = ends.last ?? 0
    if let place = weights.firstIndex(where: { !($0 >= 0) || !$0.isFinite }) {
      throw LongtailError(.usage, "sample \(place) has the weight \(weights[place])", advice: "Weights are finite and at least 0.")
    }
    guard sum > 0, sum.isFinite else {
      throw LongtailError(.usage, "all \(weights.count) samples have the weight 0, so that none can be drawn")
    }
  }

  var count: Int { ends.count }

  /// Each weight's share of their sum.
  var shares: [Double] {
    let sum = ends.last ?? 1
    return ends.indices.map { (ends[$0] - ($0 > 0 ? ends[$0 - 1] : 0)) / sum }
  }

  /// The index whose stretch of the sum holds the number, which is from 0 to below 1. One without weight is never found.
  func index(at number: Double) -> Int {
    let place = number * (ends.last ?? 0)
    var (low, high) = (0, ends.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > place { high = middle } else { low = middle + 1 }
    }
    // Rounding may give a number at the very end, where the last samples may have no weight.
    while low > 0, ends[low] == ends[low - 1] { low -= 1 }
    return low
  }
}
