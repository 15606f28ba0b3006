import Datasets
import Detection
import Images
import Kernels
import Models
import Networks
import Objectives
import Tasks
import Tensors
import Training

/// What the second stage of a detector says of the drawn regions of this rank's training images: the rows that a class layer is retrained
/// on.
///
/// Images are seen as evaluation sees them, once; all regions with an object are kept, the others fill up to a number. Everything in front
/// of the class layer stays as it is, so that rows need to be computed only once. Memory: 4 bytes a number of a row.
struct CachedRegions {
  /// Numbers of a row.
  let width: Int
  /// Rows of each image, by its index in the split.
  private(set) var images: [Int: Range<Int>] = [:]
  private(set) var features: [Float] = []
  private(set) var labels: [Int32] = []

  /// Goes through the training images. Not collective but for where batch norm is.
  /// - Parameters:
  ///   - rows: regions of an image.
  ///   - foregroundShare: the largest share of them that shows objects.
  init(
    _ context: EpilogueContext, _ detector: Detector, rows: Int, foregroundShare: Double, seed: UInt64, width: Int
  ) throws {
    self.width = width
    let targets = RegionTargets(
      sampler: BalancedSampler(size: rows, fraction: foregroundShare), levels: detector.levels)
    let (selector, count) = (ProposalSelector(), detector.options.trainingProposals)
    var proposals: [ScoredBox] = []
    var (features, labels, images) = ([Float](), [Int32](), [Int: Range<Int>]())
    try context.images.forEachBatch(ports: Set(Detector.ports), context.network, context.network.parameterSet) { batch, outputs in
      guard let boxes = batch.targets as? DetectionTargets else {
        throw LongtailError(.usage, "epilogue regionClassifier retrains detectors, and this is none", advice: "Leave it out.")
      }
      let input = ImageSize(width: batch.width, height: batch.height)
      let grid = detector.grid(input)
      let levels = try outputs.pyramid
      let pooling = try detector.pooling(levels, input: input, rows: rows)
      targets.begin(images: 1)
      for image in 0..<batch.imageCount {
        let sample = batch.sampleIndices[image]
        try selector.select(
          scores: [outputs.rows(.objectness)], codes: [outputs.rows(.anchorCodes)], grid: grid, image: image,
          size: boxes.images[image].size, settings: ProposalSelector.Settings(perLevel: count, count: count), into: &proposals)
        targets.begin(images: 1)
        targets.add(
          image: 0, proposals: proposals, targets: boxes.images[image].boxes,
          random: CounterRandom(seed: seed, purpose: .regions, epoch: 0, sample: sample))
        let regions = targets.regions.map { region -> RegionAlignment.Region in
          var moved = region
          if moved.image >= 0 { moved.image = Int32(image) }
          return moved
        }
        let found = try outputs.run(Continuation.regions, images: rows) { input in
          try regions.withUnsafeBufferPointer { try pooling.forward(levels, $0, into: input) }
        }
        let view = try found.rows(.features)
        let first = labels.count
        var row = [Float](repeating: 0, count: width)
        for (place, label) in targets.labels.enumerated() where label >= 0 {
          view.copyRow(place, 0, into: &row)
          features += row
          labels.append(label)
        }
        images[sample] = first..<labels.count
      }
    }
    (self.features, self.labels, self.images) = (features, labels, images)
  }

  /// Rows of some images, one after the other; of those that are another rank's, none.
  func rows(of samples: [Int]) -> FeatureRows {
    var (values, found) = ([Float](), [Int32]())
    for sample in samples {
      guard let range = images[sample] else { continue }
      values += features[range.lowerBound * width..<range.upperBound * width]
      found += labels[range]
    }
    return FeatureRows(values: values, labels: found)
  }
}
