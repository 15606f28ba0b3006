import Tensors

/// Which part of an epoch's order makes which step, and which part of a step is which rank's.
///
/// A global batch is a stretch of the order; ranks get neighbouring pieces of it, the first `b mod ranks` ranks one sample more.
/// The union over ranks does not depend on their number. Ranks may get nothing.
///
/// A global batch may be processed in micro-batches: these are stretches of it, as even, each of which is shared out over the ranks. So
/// what a micro-batch consists of does not depend on the number of ranks either.
package struct BatchDivision: Sendable, Equatable {
  /// Samples of an epoch: the epoch length of its sampler.
  package let sampleCount: Int
  /// Samples of a step over all ranks.
  package let globalBatch: Int
  /// Whether a last step with fewer samples is left out.
  package let dropLast: Bool
  /// Number of ranks.
  package let ranks: Int
  /// Number of micro-batches of a step.
  package let microBatches: Int

  /// Describes a division.
  /// - Throws: `.usage` where a number is not positive, or no step would be left.
  package init(sampleCount: Int, globalBatch: Int, dropLast: Bool, ranks: Int, microBatches: Int = 1) throws {
    guard globalBatch > 0 else { throw LongtailError(.usage, "the global batch size is \(globalBatch), but must be at least 1") }
    guard ranks > 0 else { throw LongtailError(.internalError, "\(ranks) ranks cannot share a batch") }
    guard microBatches > 0 else { throw LongtailError(.usage, "a batch cannot be processed in \(microBatches) parts") }
    guard sampleCount > 0 else { throw LongtailError(.badData, "there are no samples to make batches of") }
    if dropLast && sampleCount < globalBatch {
      throw LongtailError(
        .usage, "\(sampleCount) samples do not fill one batch of \(globalBatch), and incomplete batches are dropped",
        advice: "Make the batch smaller, or keep the last one.")
    }
    self.sampleCount = sampleCount
    self.globalBatch = globalBatch
    self.dropLast = dropLast
    self.ranks = ranks
    self.microBatches = microBatches
  }

  /// Steps of an epoch.
  package var stepsPerEpoch: Int { dropLast ? sampleCount / globalBatch : (sampleCount + globalBatch - 1) / globalBatch }

  /// Positions in the epoch's order that make a step.
  package func positions(step: Int) -> Range<Int> {
    let lower = min(sampleCount, max(0, step) * globalBatch)
    return lower..<min(sampleCount, lower + globalBatch)
  }

  /// Positions in the epoch's order that are a rank's in a step, for each micro-batch; any may be empty.
  package func positions(step: Int, rank: Int) -> [Range<Int>] {
    let whole = positions(step: step)
    return BatchDivision.parts(of: whole.count, ranks: ranks, rank: rank, microBatches: microBatches)
      .map { whole.lowerBound + $0.lowerBound..<whole.lowerBound + $0.upperBound }
  }

  /// The samples of a rank in a step of an epoch, micro-batch after micro-batch.
  package func samples(order: any Sampler, epoch: Int, step: Int, rank: Int) -> [Int] {
    let samples = order.samples(epoch: epoch)
    return positions(step: step, rank: rank).flatMap { samples[$0] }
  }

  /// The most samples that a rank gets in any step.
  package func largestShare(rank: Int) -> Int {
    BatchDivision.parts(of: min(globalBatch, sampleCount), ranks: ranks, rank: rank, microBatches: microBatches).reduce(0) { $0 + $1.count }
  }

  /// A rank's parts of `0..<count`, one for each micro-batch.
  package static func parts(of count: Int, ranks: Int, rank: Int, microBatches: Int) -> [Range<Int>] {
    (0..<max(1, microBatches)).map { index in
      let whole = shard(of: count, ranks: microBatches, rank: index)
      let share = shard(of: whole.count, ranks: ranks, rank: rank)
      return whole.lowerBound + share.lowerBound..<whole.lowerBound + share.upperBound
    }
  }

  /// A rank's contiguous share of `0..<count`: shares differ by one at most, the first ranks have the larger ones.
  package static func shard(of count: Int, ranks: Int, rank: Int) -> Range<Int> {
    let ranks = max(1, ranks)
    let base = count / ranks
    let larger = count % ranks
    let lower = base * rank + min(rank, larger)
    return lower..<lower + base + (rank < larger ? 1 : 0)
  }
}
