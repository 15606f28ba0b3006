import Datasets
import Detection
import Images
import Kernels
import Models
import Networks
import Objectives
import Tensors
import Training

/// Between the stages of Faster R-CNN: draws the anchors that train the first, finds its proposals, draws the regions that train the
/// second, and reads what they show of the pyramid.
///
/// No gradient goes through the boxes. Every image has a fixed number of rows; those that are not drawn are zeros and ignored. Memory is
/// kept from step to step. Working memory of a step alone: nothing of it is state.
package final class RegionLink: TimedLink {
  /// `p2` to `p5`.
  package let ports = (2...5).map { PortPlace(port: Port.pyramid($0).name) }
  /// Rows of an image.
  package let imagesPerImage: Int
  /// The anchors of the step.
  package let anchors: AnchorTargets
  /// The regions of the step.
  package let regions: RegionTargets
  /// Times the parts by these names.
  package var clock: PartClock?

  private let detector: Detector
  private let seed: UInt64
  private let grid: AnchorGrid
  private let input: ImageSize
  private let selector = ProposalSelector()
  private var proposals: [ScoredBox] = []
  private var poolings: [Int: RegionPooling] = [:]
  private var batch: (targets: DetectionTargets, epoch: Int, samples: [Int], occurrences: [Int])?

  /// - Parameters:
  ///   - seed: the run's.
  ///   - size: columns and rows of the first stage's input.
  init(_ detector: Detector, seed: UInt64, input size: (width: Int, height: Int)) throws {
    let options = detector.options
    (self.detector, self.seed) = (detector, seed)
    input = ImageSize(width: size.width, height: size.height)
    grid = detector.grid(input)
    imagesPerImage = options.rows
    anchors = AnchorTargets(sampler: BalancedSampler(size: options.anchorSamples, fraction: BalancedSampler.anchors.fraction))
    regions = RegionTargets(
      sampler: BalancedSampler(size: options.rows, fraction: options.foregroundShare), levels: detector.levels)
  }

  /// Draws the anchors of a batch; all its regions are ignored until the first stage has run.
  package func prepare(_ batch: Batch) throws {
    guard let targets = batch.targets as? DetectionTargets else {
      throw LongtailError(.internalError, "a detector is trained on \(type(of: batch.targets))")
    }
    self.batch = (targets, batch.epoch, batch.sampleIndices, batch.occurrences)
    clock.time("drawing forward") {
      anchors.begin(grid)
      regions.begin(images: batch.imageCount)
      for image in 0..<batch.imageCount {
        anchors.add(
          image: image, targets: targets.images[image].boxes, random: random(image), occurrence: batch.occurrences[image])
      }
    }
  }

  /// Finds proposals, draws regions, and reads them.
  package func forward(_ inputs: StepInputs, into input: RowsView) throws {
    guard let batch else { throw LongtailError(.internalError, "regions are asked for before a batch") }
    let scores = try inputs.values(PortPlace(port: Port.objectness.name))
    let codes = try inputs.values(PortPlace(port: Port.anchorCodes.name))
    let settings = ProposalSelector.Settings(perLevel: detector.options.trainingProposals, count: detector.options.trainingProposals)
    for image in 0..<batch.samples.count {
      let target = batch.targets.images[image]
      try clock.time("proposals forward") {
        try selector.select(
          scores: [scores], codes: [codes], grid: grid, image: image, size: target.size, settings: settings, into: &proposals)
      }
      clock.time("drawing forward") {
        regions.add(
          image: image, proposals: proposals, targets: target.boxes, random: random(image), occurrence: batch.occurrences[image])
      }
    }
    let levels = try ports.map { try inputs.values($0) }
    try clock.time("RoIAlign forward") {
      try regions.regions.withUnsafeBufferPointer { try pooling(levels).forward(levels, $0, into: input) }
    }
  }

  /// Spreads the gradient of the regions over the pyramid.
  package func backward(_ inputs: StepInputs, gradient: RowsView) throws {
    let values = try ports.map { try inputs.values($0) }
    let gradients = try ports.map { try inputs.gradient($0) }
    try clock.time("RoIAlign backward") {
      try regions.regions.withUnsafeBufferPointer { try pooling(values).backward(gradient: gradient, $0, into: gradients) }
    }
  }

  private func random(_ image: Int) -> CounterRandom {
    CounterRandom(seed: seed, purpose: .regions, epoch: batch?.epoch ?? 0, sample: batch?.samples[image] ?? 0)
  }

  /// Made once for each number of images.
  private func pooling(_ levels: [RowsView]) throws -> RegionPooling {
    let images = levels[0].images
    if let found = poolings[images] { return found }
    let made = try detector.pooling(levels, input: input, rows: images * imagesPerImage)
    poolings[images] = made
    return made
  }
}
