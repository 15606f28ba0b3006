import Datasets
import Images
import Tensors
import TestSupport
import Testing

/// Samplers as loaders use them.
@Suite(.timeLimit(.minutes(1))) struct SamplerLoadingTests {
  private let classes = SampleClasses(labels: [0, 0, 0, 0, 0, 0, 1, 1, 1, 2], classCount: 3)

  private func source(_ sampler: any Sampler, batch: Int = 4, ranks: Int = 1, rank: Int = 0) throws -> BatchLoader.Source {
    var pipeline = AugmentationPipeline()
    pipeline.randomScale = 0.5...1.5
    pipeline.randomCrop = ImageSize(width: 8, height: 8)
    pipeline.brightness = 0.5
    return BatchLoader.Source(
      dataset: PatternDataset(), split: .train, pipeline: pipeline, order: sampler,
      division: try BatchDivision(sampleCount: sampler.epochLength, globalBatch: batch, dropLast: false, ranks: ranks), rank: rank,
      height: 8,
      width: 8)
  }

  private struct Copy: Equatable {
    var samples: [Int]
    var images: [[Float]]

    init(_ batch: Batch) {
      samples = batch.sampleIndices
      images = batch.images.withFloats { floats in (0..<batch.imageCount).map { Array(floats[$0 * 192..<($0 + 1) * 192]) } }
    }
  }

  private func collect(_ source: BatchLoader.Source, epoch: Int = 0, step: Int = 0, endEpoch: Int, threads: Int = 2) throws -> [Copy] {
    var options = BatchLoader.Options()
    options.threads = threads
    let loader = try BatchLoader(source: source, epoch: epoch, step: step, endEpoch: endEpoch, options: options)
    defer { loader.stop() }
    var copies: [Copy] = []
    while let batch = try loader.next() {
      copies.append(Copy(batch))
      loader.recycle(batch)
    }
    return copies
  }

  private func samplers() throws -> [any Sampler] {
    [
      try ClassAwareSampler(seed: 3, classes: classes, samplesPerClass: 2, epochLength: 10),
      try RepeatingSampler(seed: 3, factors: (0..<10).map { $0 < 6 ? 1 : 2.5 }, epochLength: 11),
      try WeightedSampler(seed: 3, weights: (0..<10).map { $0 < 9 ? 1 : 9 }, epochLength: 14),
    ]
  }

  @Test func aRunGoesOnInTheMiddleOfAnEpoch() throws {
    for sampler in try samplers() {
      let source = try source(sampler)
      let whole = try collect(source, endEpoch: 3, threads: 1)
      #expect(whole.flatMap(\.samples) == (0..<3).flatMap { sampler.samples(epoch: $0) })
      #expect(try collect(source, epoch: 1, step: 2, endEpoch: 3) == Array(whole[(source.division.stepsPerEpoch + 2)...]))
    }
  }

  @Test func ranksTogetherSeeWhatOneSees() throws {
    for sampler in try samplers() {
      let single = try collect(source(sampler), endEpoch: 2)
      for ranks in [2, 3, 4] {
        let parts = try (0..<ranks).map { try collect(source(sampler, ranks: ranks, rank: $0), endEpoch: 2) }
        for step in single.indices {
          #expect(parts.flatMap { $0[step].samples } == single[step].samples)
          #expect(parts.flatMap { $0[step].images } == single[step].images)
        }
      }
    }
  }

  /// The first time a sample looks as it does without a sampler; each further time otherwise.
  @Test func repeatedSamplesAreAugmentedAnew() throws {
    let sampler = try RepeatingSampler(seed: 3, factors: [Double](repeating: 3, count: 10), epochLength: 30)
    let plain = try collect(source(SampleOrder(seed: 3, count: 10)), endEpoch: 1)
    let repeated = try collect(source(sampler), endEpoch: 1)
    func looks(_ copies: [Copy]) -> [Int: [[Float]]] {
      copies.reduce(into: [:]) { looks, copy in
        for (sample, image) in zip(copy.samples, copy.images) { looks[sample, default: []].append(image) }
      }
    }
    let once = looks(plain)
    for (sample, images) in looks(repeated) {
      #expect(images.count == 3 && images[0] == once[sample]?.first)
      #expect(Set(images).count == 3, "sample \(sample)")
    }
  }

  // MARK: Weights that move

  private func moving(staleness: Int = 0, weights: [Double] = [1, 1, 1]) throws -> MovingWeightSampler {
    try MovingWeightSampler(seed: 6, classes: classes, weights: weights, staleness: staleness, epochLength: 40)
  }

  @Test func theLoaderWaitsForWeights() throws {
    let sampler = try moving()
    let loader = try BatchLoader(source: source(sampler))
    defer { loader.stop() }
    for step in 0..<25 {
      let batch = try #require(try loader.next())
      // Only class 2, which sample 9 has alone, from step 1 on.
      if step > 0 { #expect(batch.sampleIndices == [9, 9, 9, 9]) }
      loader.recycle(batch)
      if step == 3 {
        let error = longtailError { try loader.next() }
        #expect(error?.code == .internalError && error?.message.contains("step 4") == true)
      }
      try sampler.publish([0, 0, 1], afterSteps: step + 1)
    }
  }

  @Test func staleWeightsAllowReadingAhead() throws {
    let sampler = try moving(staleness: 2)
    #expect((0...3).map(sampler.canDraw) == [true, true, true, false])
    let loader = try BatchLoader(source: source(sampler))
    defer { loader.stop() }
    var steps: [[Int]] = []
    for step in 0..<6 {
      let batch = try #require(try loader.next())
      steps.append(batch.sampleIndices)
      loader.recycle(batch)
      try sampler.publish([0, 0, 1], afterSteps: step + 1)
    }
    // The weights after step 1 are first used in step 3.
    #expect(steps[3...].allSatisfy { $0 == [9, 9, 9, 9] } && steps[..<3].joined().contains { $0 != 9 })
  }

  @Test func drawsFollowTheWeights() throws {
    let sampler = try moving(weights: [0.5, 1, 3])
    // 6 x 0.5, 3 x 1 and 1 x 3 are alike.
    let expected = ClassFrequencies(of: sampler, epochs: 0..<1, classes: classes)
    #expect(expected.shares.allSatisfy { abs($0 - 1.0 / 3) < 1e-12 })
    let drawn = (0..<200).flatMap { step -> [Int] in
      try? sampler.publish([0.5, 1, 3], afterSteps: step + 1)
      return sampler.samples(step: step, count: 40)
    }
    let found = ClassFrequencies(of: drawn, classes: classes)
    #expect(found.shares.allSatisfy { abs($0 - 1.0 / 3) < 5 * (2.0 / 9 / 8000).squareRoot() }, "\(found.shares)")
  }

  /// What a checkpoint keeps is enough to draw the same steps.
  @Test func stateIsKept() throws {
    let (first, second) = (try moving(staleness: 1), try moving(staleness: 1, weights: [5, 1, 1]))
    try first.publish([1, 2, 1], afterSteps: 1)
    try first.publish([3, 0, 1], afterSteps: 2)
    let (tree, other) = (StateTree(first), StateTree(second))
    for (leaf, target) in zip(tree.leaves, other.leaves) { try target.set(leaf.values()) }
    for step in [2, 3] { #expect(first.samples(step: step, count: 30) == second.samples(step: step, count: 30)) }
    #expect(second.canDraw(step: 3) && !second.canDraw(step: 4))
    #expect(first.samples(step: 2, count: 30) != first.samples(step: 3, count: 30))
  }

  @Test func weightsOutOfTurnAreRefused() throws {
    let sampler = try moving()
    #expect(longtailError { try sampler.publish([1, 1, 1], afterSteps: 2) }?.code == .internalError)
    #expect(longtailError { try sampler.publish([1, 1], afterSteps: 1) }?.code == .usage)
    #expect(longtailError { try sampler.publish([0, 0, 0], afterSteps: 1) }?.code == .usage)
    #expect(longtailError { try sampler.publish([.nan, 0, 1], afterSteps: 1) }?.code == .usage)
  }
}
