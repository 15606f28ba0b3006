import Datasets
import Images
import Tensors
import TestSupport
import Testing

/// Augmentation for rare classes as loaders give it: on any number of ranks, from any step on, with any number of threads.
@Suite struct AugmentedLoadingTests {
  private let blocks = BlockDataset()

  private func pipeline() throws -> AugmentationPipeline {
    try blocks.pipeline {
      $0.randomScale = 0.8...1.3
      $0.randomCrop = ImageSize(width: 28, height: 20)
      $0.horizontalFlipProbability = 0.5
      $0.contrast = 0.2
      $0.warp.degrees = 10
      $0.warp.grid = .init(cells: 3, strength: 0.3, probability: 0.5)
      $0.tones.noise = .init(deviation: 1...8, probability: 0.5)
      $0.policy = AugmentationPolicy(.trivialAugment)
      $0.classCrop = ClassCrop()
      $0.classCrop?.pixels = 20
      $0.copyPaste = CopyPaste()
      $0.copyPaste?.rareShare = 0.1
      $0.copyPaste?.smallest = 10
      $0.copyPaste?.border = 1
      $0.mixing.cutMix = ClassMixing.Rule()
      $0.mixing.cutMix?.probability = 0.3
      $0.mixing.mixup = ClassMixing.Rule()
      $0.mixing.mixup?.probability = 0.3
    }
  }

  /// What one image of a batch comes to.
  private struct Given: Equatable {
    var planes: [Float]
    var labels: [Int32]
    var second: [Int32]
    var shares: [Float]
  }

  /// The images of some steps by their position in the run.
  private func load(
    ranks: Int, rank: Int, from step: Int = 0, threads: Int = 1, cacheBytes: Int = 1 << 30
  ) throws -> [Int: Given] {
    let sampler = try RepeatingSampler(
      seed: 21, factors: (0..<32).map { $0 % 16 == 0 ? 3 : 1 }, epochLength: 30)
    let division = try BatchDivision(sampleCount: 30, globalBatch: 8, dropLast: false, ranks: ranks)
    var options = BatchLoader.Options()
    options.threads = threads
    options.cacheBytes = cacheBytes
    let loader = try BatchLoader(
      source: .init(
        dataset: blocks, split: .train, pipeline: try pipeline(), order: sampler, division: division, rank: rank, height: 24, width: 32),
      epoch: step / division.stepsPerEpoch, step: step % division.stepsPerEpoch, endEpoch: 2, options: options)
    defer { loader.stop() }
    var result: [Int: Given] = [:]
    while let batch = try loader.next() {
      let positions = division.positions(step: batch.step, rank: rank).flatMap { Array($0) }
      for (place, position) in positions.enumerated() {
        let (pixels, planes) = (24 * 32, 3 * 24 * 32)
        let rows = place * pixels..<(place + 1) * pixels
        result[batch.epoch * 30 + position] = batch.images.withFloats { images in
          batch.targets.withRows { targets in
            // No second labels are second labels that hold for nothing.
            let second = targets.second
            return Given(
              planes: Array(images[place * planes..<(place + 1) * planes]), labels: Array(targets.labels[rows]),
              second: second.map { Array($0.labels[rows]) } ?? [Int32](repeating: -1, count: pixels),
              shares: second.map { Array($0.shares[rows]) } ?? [Float](repeating: 0, count: pixels))
          }
        }
      }
      loader.recycle(batch)
    }
    return result
  }

  @Test func ranksTogetherSeeWhatOneSees() throws {
    let one = try load(ranks: 1, rank: 0)
    #expect(one.count == 60 && Set(one.values.map { $0.planes.hashValue }).count == 60)
    #expect(one.values.contains { $0.shares.contains { $0 > 0 } } && one.values.contains { !$0.shares.contains { $0 > 0 } })
    for ranks in [2, 4] {
      var together: [Int: Given] = [:]
      for rank in 0..<ranks { together.merge(try load(ranks: ranks, rank: rank)) { first, _ in first } }
      #expect(together == one, "\(ranks) ranks")
    }
  }

  @Test func aRunGoesOnWithTheSameImages() throws {
    let whole = try load(ranks: 2, rank: 1)
    for step in [1, 3, 5] {
      let rest = try load(ranks: 2, rank: 1, from: step)
      #expect(!rest.isEmpty && rest.count < whole.count)
      #expect(rest.allSatisfy { whole[$0.key] == $0.value }, "from step \(step)")
    }
  }

  @Test func neitherThreadsNorMemoryMatter() throws {
    let plain = try load(ranks: 1, rank: 0)
    #expect(try load(ranks: 1, rank: 0, threads: 3) == plain)
    #expect(try load(ranks: 1, rank: 0, threads: 2, cacheBytes: 0) == plain)
  }

  @Test func aDonorThatCannotBeReadIsNamed() throws {
    var broken = PatternDataset(width: 16, height: 12, samples: 6)
    broken.broken = 4
    var pipeline = AugmentationPipeline()
    pipeline.mixing.mixup = ClassMixing.Rule()
    pipeline.mixing.mixup?.probability = 1
    let classes = SampleClasses(labels: [0, 0, 0, 0, 1, 0], classCount: 3)
    let order = SampleOrder(seed: 0, count: 6, shuffled: false)
    pipeline = try pipeline.knowing(classes, names: ["a", "b", "c"], sampler: order)
    let loader = try BatchLoader(
      source: .init(
        dataset: broken, split: .train, pipeline: pipeline, order: order,
        division: BatchDivision(sampleCount: 4, globalBatch: 4, dropLast: false, ranks: 1), rank: 0, height: 12, width: 16), endEpoch: 3)
    defer { loader.stop() }
    let error = longtailError { while let batch = try loader.next() { loader.recycle(batch) } }
    #expect(error?.message == "number-4 is broken", "\(error.map { "\($0)" } ?? "no error")")
  }
}
