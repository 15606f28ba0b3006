import Tensors

/// What the first stage is trained on: the drawn anchors of this rank's images, positive with the code of their target, or background.
///
/// Filled once a step, before the terms are measured; memory is kept from step to step.
package final class AnchorTargets {
  /// A drawn anchor.
  package struct Entry: Sendable, Equatable {
    /// The image in this rank's batch.
    package var image: Int
    /// Where the heads speak of it.
    package var place: AnchorGrid.Place
    /// Whether it belongs to a target.
    package var isPositive: Bool
    /// What the network should say, for positive ones.
    package var code: SIMD4<Float>
  }

  /// Which anchors belong to which targets.
  package let matcher: BoxMatcher
  /// How many are drawn.
  package let sampler: BalancedSampler
  /// The anchors; all images of a step have one size.
  package private(set) var grid = AnchorGrid()
  /// The drawn anchors, image after image.
  package private(set) var entries: [Entry] = []

  private var truth: [CornerBox] = []
  private var matches: [Int32] = []
  private var keys: [UInt64] = []

  /// Sets the rules.
  package init(matcher: BoxMatcher = .anchors, sampler: BalancedSampler = .anchors) { (self.matcher, self.sampler) = (matcher, sampler) }

  /// Begins a step with images of one padded size.
  package func begin(_ grid: AnchorGrid) {
    self.grid = grid
    entries.removeAll(keepingCapacity: true)
    if matches.count != grid.anchors.count { matches = [Int32](repeating: 0, count: grid.anchors.count) }
  }

  /// Matches and draws the anchors of an image.
  /// - Parameters:
  ///   - image: the image in this rank's batch.
  ///   - targets: its objects, crowds left out; none is fine. Those that overlap no anchor are left out.
  ///   - random: seed, `.regions`, epoch, and the image's sample.
  ///   - occurrence: how often the sample came before in the epoch.
  package func add(image: Int, targets: [TargetBox], random: CounterRandom, occurrence: Int = 0) {
    truth.removeAll(keepingCapacity: true)
    for target in targets where target.box.width > 0 && target.box.height > 0 && touchesAnchor(target.box) { truth.append(target.box) }
    matches.withUnsafeMutableBufferPointer { matches in
      grid.anchors.withUnsafeBufferPointer { anchors in
        truth.withUnsafeBufferPointer { targets in
          matcher.match(anchors, to: targets, into: matches)
          sampler.sample(
            UnsafeBufferPointer(matches), random: random, stage: .anchors, occurrence: occurrence, keys: &keys
          ) { anchor in
            let match = Int(matches[anchor])
            entries.append(
              Entry(
                image: image, place: grid.place(of: anchor), isPositive: match >= 0,
                code: match >= 0 ? BoxCoder.anchors.encode(targets[match], against: anchors[anchor]) : .zero))
          }
        }
      }
    }
  }

  private func touchesAnchor(_ target: CornerBox) -> Bool {
    grid.anchors.contains {
      min($0.right, target.right) > max($0.left, target.left) && min($0.bottom, target.bottom) > max($0.top, target.top)
    }
  }
}
