import Kernels
import Objectives
import Tensors

/// An object of an image, as training needs it.
package struct TargetBox: Sendable, Equatable {
  /// Its box in pixels of the prepared image.
  package var box: CornerBox
  /// Its class.
  package var label: Int32

  package init(box: CornerBox, label: Int32) { (self.box, self.label) = (box, label) }
}

/// The rows of the second stage: a fixed number of each image, drawn from its proposals and its objects' own boxes.
///
/// Every image has `sampler.size` rows, whatever it shows, so that plans keep their shape: rows that are not drawn have no region and are
/// ignored. Filled once a step between the stages; memory is kept from step to step. The order of rows is that of the images; in an
/// image first the rows of objects, then background, each in the order of the proposals.
package final class RegionTargets {
  /// Which proposals belong to which objects.
  package let matcher: BoxMatcher
  /// How many are drawn.
  package let sampler: BalancedSampler
  /// Levels to read from.
  package let levels: PyramidLevels
  /// How boxes are written as codes.
  package let coder: BoxCoder

  /// One a row: where RoIAlign reads.
  package private(set) var regions: [RegionAlignment.Region] = []
  /// One a row: a class, `RowLabel.background`, or `RowLabel.ignored`.
  package private(set) var labels: [Int32] = []
  /// One a row: the proposal.
  package private(set) var boxes: [CornerBox] = []
  /// One a row: what the network should say of the proposal, for rows with a class.
  package private(set) var codes: [SIMD4<Float>] = []

  private var candidates: [CornerBox] = []
  private var truth: [CornerBox] = []
  private var classes: [Int32] = []
  private var matches: [Int32] = []
  private var keys: [UInt64] = []

  /// Sets the rules.
  package init(
    matcher: BoxMatcher = .proposals, sampler: BalancedSampler = .proposals, levels: PyramidLevels = .fasterRCNN,
    coder: BoxCoder = .proposals
  ) {
    (self.matcher, self.sampler, self.levels, self.coder) = (matcher, sampler, levels, coder)
  }

  /// Begins a step with this many images; all rows are ignored.
  package func begin(images: Int) {
    let rows = images * sampler.size
    regions.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    boxes.removeAll(keepingCapacity: true)
    codes.removeAll(keepingCapacity: true)
    for _ in 0..<rows {
      regions.append(.absent)
      labels.append(RowLabel.ignored)
      boxes.append(CornerBox(0, 0, 0, 0))
      codes.append(.zero)
    }
  }

  /// Matches and draws the rows of an image.
  /// - Parameters:
  ///   - image: the image in this rank's batch.
  ///   - proposals: what the first stage found.
  ///   - targets: its objects, crowds left out.
  ///   - random: seed, `.regions`, epoch, and the image's sample.
  ///   - occurrence: how often the sample came before in the epoch.
  package func add(image: Int, proposals: [ScoredBox], targets: [TargetBox], random: CounterRandom, occurrence: Int = 0) {
    candidates.removeAll(keepingCapacity: true)
    truth.removeAll(keepingCapacity: true)
    classes.removeAll(keepingCapacity: true)
    for proposal in proposals { candidates.append(proposal.box) }
    for target in targets where target.box.width > 0 && target.box.height > 0 {
      candidates.append(target.box)
      truth.append(target.box)
      classes.append(target.label)
    }
    if matches.count < candidates.count { matches += [Int32](repeating: 0, count: candidates.count - matches.count) }
    var row = image * sampler.size
    matches.withUnsafeMutableBufferPointer { matches in
      let matches = UnsafeMutableBufferPointer(rebasing: matches[0..<candidates.count])
      candidates.withUnsafeBufferPointer { candidates in
        truth.withUnsafeBufferPointer { truth in
          matcher.match(candidates, to: truth, into: matches)
          sampler.sample(
            UnsafeBufferPointer(matches), random: random, stage: .proposals, occurrence: occurrence, keys: &keys
          ) { place in
            let match = Int(matches[place])
            regions[row] = levels.region(candidates[place], image: image)
            boxes[row] = candidates[place]
            labels[row] = match >= 0 ? classes[match] : RowLabel.background
            codes[row] = match >= 0 ? coder.encode(truth[match], against: candidates[place]) : .zero
            row += 1
          }
        }
      }
    }
  }
}
