import Foundation

/// Images of a batch mixed in pairs: mixup (Zhang et al., ICLR 2018) and CutMix (Yun et al., ICCV 2019).
///
/// Slot b of the global batch keeps a share of its own image and takes the rest from its partner's; its loss is that share of the loss
/// against its own label and the rest against the partner's. Decisions are functions of (seed, epoch, step): they do not depend on ranks.
package struct Mixing: Sendable, Equatable {
  /// How two images become one.
  package enum Kind: String, Sendable, CaseIterable {
    /// Pixels are averaged.
    case mixup
    /// A rectangle is replaced.
    case cutMix
  }

  /// How two images become one.
  package var kind: Kind
  /// Both shapes of the beta distribution that shares are drawn from.
  package var shape: Double
  /// How likely a batch is mixed at all.
  package var probability: Double

  /// - Parameters:
  ///   - kind: mixup or CutMix.
  ///   - shape: of the beta distribution, above 0; 1 is uniform.
  ///   - probability: that a batch is mixed.
  package init(_ kind: Kind, shape: Double = 1, probability: Double = 1) {
    (self.kind, self.shape, self.probability) = (kind, shape, probability)
  }

  /// What chance decided for one batch.
  package struct Decision: Sendable, Equatable {
    /// The share of its own image and label that each slot keeps; 1 leaves it alone.
    package var share: Double
    /// The slot of each slot's partner: a permutation.
    package var partners: [Int]
    /// The columns and rows that CutMix replaces.
    package var area: PixelBox?

    /// Nothing is mixed.
    package init(unmixed count: Int) { (share, partners, area) = (1, Array(0..<count), nil) }
  }

  /// The decisions for a batch.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - epoch: counted from 0.
  ///   - step: the step in its epoch.
  ///   - count: slots of the global batch.
  ///   - size: of the images.
  package func decision(seed: UInt64, epoch: Int, step: Int, count: Int, size: ImageSize) -> Decision {
    // Far beyond the numbers of any sample's views.
    let random = ViewRandom(seed: seed, epoch: epoch, sample: step, view: 1 << 20)
    var decision = Decision(unmixed: count)
    guard count > 1, random.chance(0, probability) else { return decision }
    decision.share = random.beta(16, shape: shape)
    decision.partners = ViewRandom(seed: seed, epoch: epoch, sample: step, view: 1 << 20, step: 2).permutation(0, count: count)
    if kind == .cutMix {
      let area = Mixing.area(
        share: decision.share, centreX: random.integer(1, below: size.width), centreY: random.integer(2, below: size.height), in: size)
      decision.area = area
      decision.share = 1 - area.width * area.height / Double(size.width * size.height)
    }
    return decision
  }

  /// The rectangle that CutMix replaces: of a size for which `share` of the image would be left, cut off at its borders.
  package static func area(share: Double, centreX: Int, centreY: Int, in size: ImageSize) -> PixelBox {
    let part = (1 - share).squareRoot()
    func span(_ centre: Int, _ side: Int) -> Range<Int> {
      let length = Int(Double(side) * part)
      let low = min(side, max(0, centre - length / 2))
      return low..<max(low, min(side, centre + length / 2))
    }
    return PixelBox(x: span(centreX, size.width), y: span(centreY, size.height))
  }
}

extension Mixing.Decision {
  /// The second label of each slot and the share of its row that it holds for; the slot's own label has the rest.
  /// - Parameter labels: of the global batch's slots.
  package func secondLabels(_ labels: [Int32]) -> (labels: [Int32], shares: [Float]) {
    (partners.map { labels[$0] }, [Float](repeating: Float(1 - share), count: labels.count))
  }

  /// Mixes a partner's image into a slot's.
  /// - Parameters:
  ///   - own: planes of `size`, any number of channels; changed in place.
  ///   - partner: the partner's planes before they were mixed themselves.
  ///   - size: columns and rows of a plane.
  package func mix(_ own: UnsafeMutableBufferPointer<Float>, with partner: UnsafeBufferPointer<Float>, size: ImageSize) {
    precondition(own.count == partner.count, "two images of one size")
    guard let area else {
      let (kept, taken) = (Float(share), Float(1 - share))
      if share < 1 { for index in 0..<own.count { own[index] = kept * own[index] + taken * partner[index] } }
      return
    }
    let columns = area.columns(in: size)
    let plane = size.width * size.height
    for start in stride(from: 0, to: own.count, by: plane) {
      for row in area.rows(in: size) {
        for column in columns { own[start + row * size.width + column] = partner[start + row * size.width + column] }
      }
    }
  }
}
