import Images
import Synchronization

/// Which images of each step's global batch are mixed, and how: a function of (seed, epoch, step), the same on every rank.
///
/// With mixup and CutMix, each batch gets one of the two, with equal chance. Decisions for the steps that are being filled are kept, so
/// that each is made once and not for every image.
package final class BatchMixing: Sendable {
  /// The ways of mixing.
  package let kinds: [Mixing]
  /// The run's seed.
  package let seed: UInt64
  /// The last few decisions. Threads fill several steps at a time.
  private let kept = Mutex<[(key: Key, decision: Mixing.Decision)]>([])
  private static let room = 16

  /// - Parameters:
  ///   - kinds: mixup, CutMix or both; at least one.
  ///   - seed: the run's seed.
  package init(_ kinds: [Mixing], seed: UInt64) { (self.kinds, self.seed) = (kinds, seed) }

  /// The decisions for a step.
  /// - Parameters:
  ///   - count: images of the global batch.
  ///   - size: of the views.
  package func decision(epoch: Int, step: Int, count: Int, size: ImageSize) -> Mixing.Decision {
    let key = Key(epoch: epoch, step: step, count: count, size: size)
    if let decision = kept.withLock({ kept in kept.first { $0.key == key }?.decision }) { return decision }
    let decision = kind(epoch: epoch, step: step)?.decision(seed: seed, epoch: epoch, step: step, count: count, size: size)
    let decided = decision ?? Mixing.Decision(unmixed: count)
    kept.withLock { kept in
      if kept.count >= BatchMixing.room { kept.removeFirst() }
      kept.append((key, decided))
    }
    return decided
  }

  /// The way of a step.
  private func kind(epoch: Int, step: Int) -> Mixing? {
    if kinds.count < 2 { return kinds.first }
    // Beside the numbers that the decision itself is drawn from.
    return kinds[ViewRandom(seed: seed, epoch: epoch, sample: step, view: 1 << 20, step: 3).integer(0, below: kinds.count)]
  }

  private struct Key: Hashable {
    var epoch: Int
    var step: Int
    var count: Int
    var size: ImageSize
  }
}
