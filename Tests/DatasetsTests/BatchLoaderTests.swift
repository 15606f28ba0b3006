import Datasets
import Images
import Tensors
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct BatchLoaderTests {
  private func source(_ dataset: PatternDataset, batch: Int, ranks: Int = 1, rank: Int = 0) throws -> BatchLoader.Source {
    var pipeline = AugmentationPipeline()
    pipeline.horizontalFlipProbability = 0.5
    return BatchLoader.Source(
      dataset: dataset, split: .train, pipeline: pipeline, order: SampleOrder(seed: 1, count: dataset.samples),
      division: try BatchDivision(sampleCount: dataset.samples, globalBatch: batch, dropLast: false, ranks: ranks), rank: rank, height: 8,
      width: 8)
  }

  /// What a loader gives, copied: (epoch, step, samples, labels, first floats of each image).
  private func collect(_ source: BatchLoader.Source, epoch: Int = 0, step: Int = 0, endEpoch: Int, threads: Int, cache: Int = 1 << 20)
    throws -> [Copy]
  {
    var options = BatchLoader.Options()
    options.threads = threads
    options.cacheBytes = cache
    let loader = try BatchLoader(source: source, epoch: epoch, step: step, endEpoch: endEpoch, options: options)
    defer { loader.stop() }
    var copies: [Copy] = []
    while let batch = try loader.next() {
      let count = batch.imageCount * 3 * 64
      let labels = batch.targets.withRows { Array($0.labels) }
      #expect(labels.count == batch.imageCount * 64)
      copies.append(
        Copy(
          epoch: batch.epoch, step: batch.step, samples: batch.sampleIndices, labels: labels,
          images: batch.images.withFloats { Array($0[0..<count]) }))
      loader.recycle(batch)
    }
    return copies
  }

  private struct Copy: Equatable {
    var epoch: Int
    var step: Int
    var samples: [Int]
    var labels: [Int32]
    var images: [Float]
  }

  @Test func inOrderWithAnyNumberOfThreadsAndAnyCache() throws {
    let source = try source(PatternDataset(), batch: 4)
    let one = try collect(source, endEpoch: 3, threads: 1)
    #expect(one.map(\.epoch) == [0, 0, 0, 1, 1, 1, 2, 2, 2])
    #expect(one.map(\.step) == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(one[0..<3].flatMap(\.samples) == source.order.samples(epoch: 0))
    #expect(one.map(\.samples.count) == [4, 4, 2, 4, 4, 2, 4, 4, 2])
    #expect(try collect(source, endEpoch: 3, threads: 3) == one)
    #expect(try collect(source, endEpoch: 3, threads: 2, cache: 0) == one)
  }

  @Test func startsAnywhereWithoutSkipping() throws {
    let source = try source(PatternDataset(), batch: 4)
    let whole = try collect(source, endEpoch: 3, threads: 1)
    #expect(try collect(source, epoch: 1, step: 2, endEpoch: 3, threads: 2) == Array(whole[5...]))
    #expect(try collect(source, epoch: 3, endEpoch: 3, threads: 1).isEmpty)
  }

  @Test func ranksTogetherSeeWhatOneSees() throws {
    let dataset = PatternDataset(samples: 7)
    let single = try collect(source(dataset, batch: 3), endEpoch: 2, threads: 1)
    for ranks in [2, 4] {
      let parts = try (0..<ranks).map { try collect(source(dataset, batch: 3, ranks: ranks, rank: $0), endEpoch: 2, threads: 1) }
      for index in single.indices {
        #expect(parts.flatMap { $0[index].samples } == single[index].samples)
        #expect(parts.flatMap { $0[index].images } == single[index].images)
        #expect(parts.flatMap { $0[index].labels } == single[index].labels)
      }
      if ranks == 4 { #expect(parts[3].allSatisfy { $0.samples.isEmpty && $0.labels.isEmpty }) }
    }
  }

  @Test func errorsSurfaceAtTheirBatch() throws {
    let source = try source(PatternDataset(broken: 4), batch: 2)
    let failing = try #require(source.order.samples(epoch: 0).firstIndex(of: 4)) / 2
    for threads in 1...3 {
      var options = BatchLoader.Options()
      options.threads = threads
      let loader = try BatchLoader(source: source, options: options)
      for _ in 0..<failing {
        let batch = try #require(try loader.next())
        loader.recycle(batch)
      }
      for _ in 0..<2 {
        let error = longtailError { try loader.next() }
        #expect(error?.message == "number-4 is broken" && error?.code == .badData)
      }
      loader.stop()
    }
  }

  @Test func forgottenBatchesAreReportedNotWaitedFor() throws {
    var options = BatchLoader.Options()
    options.batchesAhead = 1
    let loader = try BatchLoader(source: source(PatternDataset(), batch: 2), options: options)
    defer { loader.stop() }
    let first = try #require(try loader.next())
    let second = try #require(try loader.next())
    #expect(longtailError { try loader.next() }?.message.contains("handed back") == true)
    loader.recycle(first)
    #expect(try loader.next() != nil)
    loader.recycle(second)
  }

  @Test func stopEndsEverything() throws {
    let loader = try BatchLoader(source: source(PatternDataset(), batch: 2))
    _ = try loader.next()
    loader.stop()
    loader.stop()
    #expect(loader.secondsWaited >= 0)
    // What was ready may still be had; then it is over.
    var error: LongtailError?
    for _ in 0..<10 where error == nil { error = longtailError { try loader.next() } }
    #expect(error?.code == .internalError)
  }

  @Test func originalLabelsAreKeptOnRequest() throws {
    var source = try source(PatternDataset(), batch: 4)
    var pipeline = AugmentationPipeline()
    pipeline.resize = ImageSize(width: 3, height: 3)
    source.pipeline = pipeline
    var options = BatchLoader.Options()
    options.keepsAnnotations = true
    let loader = try BatchLoader(source: source, endEpoch: 1, options: options)
    defer { loader.stop() }
    let batch = try #require(try loader.next())
    #expect(batch.annotations.count == 4)
    for (annotation, index) in zip(batch.annotations, batch.sampleIndices) {
      #expect(annotation as? LabelImage == (try PatternDataset().sample(split: .train, index: index).labels))
    }
  }

  @Test func samplesThatDoNotFitAreNamed() throws {
    let loader = try BatchLoader(source: source(PatternDataset(width: 9), batch: 2))
    defer { loader.stop() }
    let error = try #require(longtailError { try loader.next() })
    #expect(error.message.contains("pattern train number-") && error.message.contains("9 x 5"))
  }
}
