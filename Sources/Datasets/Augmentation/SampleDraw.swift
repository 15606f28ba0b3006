import Images
import Tensors

/// One draw of a sample: what all chance of its augmentation is a function of.
///
/// Each purpose has numbers of its own, so that a key that is switched on changes nothing of what the others decide.
package struct SampleDraw: Sendable, Equatable {
  /// The run's seed.
  package var seed: UInt64
  /// Counted from 0.
  package var epoch: Int
  /// The sample's index in its split.
  package var index: Int
  /// How often the sample came before in the epoch.
  package var occurrence: Int
  /// Whether it is the view of another sample, which this one is mixed with.
  package var isPartner = false

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - epoch: counted from 0.
  ///   - index: the sample's index in its split.
  ///   - occurrence: how often the sample came before in the epoch.
  package init(seed: UInt64, epoch: Int, index: Int, occurrence: Int = 0) {
    (self.seed, self.epoch, self.index, self.occurrence) = (seed, epoch, index, occurrence)
  }

  /// What numbers are for.
  package enum Purpose: Int, Sendable {
    /// Size and place of crops after the first.
    case crop = 1
    /// The class that a crop is to show.
    case cropClass
    /// The last try for a crop.
    case aim
    /// Angle, slopes, perspective.
    case warp
    /// Corners of a grid.
    case grid
    /// Which operations a policy takes.
    case policy
    /// Gamma, hue, blur.
    case tones
    /// Noise.
    case noise
    /// Which classes are pasted.
    case paste
    /// Each cut-out and its place.
    case patch
    /// Whether and with what a view is mixed.
    case mixing
  }

  /// The draw of the view that this one is mixed with.
  package var partner: SampleDraw {
    var result = self
    result.isPartner = true
    return result
  }

  /// The numbers of a purpose, or of one of its parts, of which there may be 256.
  package func random(_ purpose: Purpose, part: Int = 0) -> ViewRandom {
    ViewRandom(seed: seed, epoch: epoch, sample: index, view: occurrence, step: step(purpose, part))
  }

  /// Steps below 256 are left to pipelines that count them themselves.
  private func step(_ purpose: Purpose, _ part: Int) -> Int { (isPartner ? 1 << 16 : 0) | purpose.rawValue << 8 | part & 255 }
}
