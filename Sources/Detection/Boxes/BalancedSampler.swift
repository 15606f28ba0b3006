import Tensors

/// Draws some of the matched boxes of an image for training, a share of them positive at the most.
///
/// Of `size` boxes int(size x fraction) are positive, or as many as there are; the rest is background, or as much as there is. Of each kind
/// those with the smallest random numbers are taken; of equal numbers the first. Numbers are a function of seed, epoch, sample and stage:
/// a drawn set does not depend on ranks, threads or other images.
package struct BalancedSampler: Sendable, Equatable {
  /// Boxes of an image.
  package var size: Int
  /// The largest share of positive ones.
  package var fraction: Double

  /// What boxes are drawn for; each stage has random numbers of its own.
  package enum Stage: UInt64, Sendable {
    /// Anchors of the first stage.
    case anchors = 0
    /// Proposals of the second stage.
    case proposals = 1
  }

  /// Of anchors: 256, half of them positive.
  package static let anchors = BalancedSampler(size: 256, fraction: 0.5)
  /// Of proposals: 512, a quarter of them positive.
  package static let proposals = BalancedSampler(size: 512, fraction: 0.25)

  /// Sets size and share.
  package init(size: Int, fraction: Double) { (self.size, self.fraction) = (size, fraction) }

  /// Draws.
  /// - Parameters:
  ///   - matches: what each box belongs to, as `BoxMatcher` says.
  ///   - random: the stream of the image: seed, `.regions`, epoch, sample.
  ///   - stage: what for.
  ///   - occurrence: how often the image came before in the epoch, where a sampler repeats it: each time others are drawn.
  ///   - keys: working memory, grown where it is too small.
  ///   - take: receives the boxes that are drawn: first positive ones, then background, each in order of their places.
  package func sample(
    _ matches: UnsafeBufferPointer<Int32>, random: CounterRandom, stage: Stage, occurrence: Int = 0, keys: inout [UInt64],
    _ take: (Int) -> Void
  ) {
    // Four numbers a block.
    let first = UInt64(truncatingIfNeeded: occurrence) << 41 | stage.rawValue << 40
    sample(matches, keys: &keys, number: { random.block(first | UInt64($0 >> 2))[$0 & 3] }, take)
  }

  /// Draws by given numbers, one a box.
  package func sample(
    _ matches: UnsafeBufferPointer<Int32>, keys: inout [UInt64], number: (Int) -> UInt32, _ take: (Int) -> Void
  ) {
    var positives = 0
    var negatives = 0
    for match in matches {
      if match >= 0 { positives += 1 }
      if match == BoxMatcher.Match.background { negatives += 1 }
    }
    let wantedPositives = min(positives, Int(Double(size) * fraction))
    let wantedNegatives = min(negatives, size - wantedPositives)
    if keys.count < matches.count { keys += [UInt64](repeating: 0, count: matches.count - keys.count) }
    for (isPositive, wanted, count) in [(true, wantedPositives, positives), (false, wantedNegatives, negatives)] {
      func isCandidate(_ match: Int32) -> Bool { isPositive ? match >= 0 : match == BoxMatcher.Match.background }
      if wanted == count {
        for (place, match) in matches.enumerated() where isCandidate(match) { take(place) }
        continue
      }
      keys.withUnsafeMutableBufferPointer { keys in
        var filled = 0
        for (place, match) in matches.enumerated() where isCandidate(match) {
          keys[filled] = KeySelection.ascending(number(place), place: place)
          filled += 1
        }
        KeySelection.moveSmallest(wanted, of: UnsafeMutableBufferPointer(rebasing: keys[0..<filled]))
        for place in 0..<wanted { keys[place] = UInt64(KeySelection.place(keys[place])) }
        var places = UnsafeMutableBufferPointer(rebasing: keys[0..<wanted])
        places.sort()
        for place in 0..<wanted { take(Int(keys[place])) }
      }
    }
  }
}
