import Foundation
import Images
import Tensors

/// Prepares batches ahead of their use, on threads of its own, and hands them out in order.
///
/// Any (epoch, step) can be the first: nothing is skipped over. Memory is a ring of batches that are used again.
package final class BatchLoader: @unchecked Sendable {
  /// How a loader works; none of it changes what it gives.
  package struct Options: Sendable {
    /// Threads that read, decode and augment; at least 1.
    package var threads = 1
    /// Batches that may be ready before they are asked for; at least 1.
    package var batchesAhead = 3
    /// Bytes of decoded and resized samples that are kept between epochs.
    package var cacheBytes = 1 << 30
    /// Whether `Batch.annotations` is filled in, for scores at the labels' own size.
    package var keepsAnnotations = false

    /// One thread, three batches, one GiB.
    package init() {}
  }

  /// What a loader gives.
  package struct Source: Sendable {
    /// The data set.
    package var dataset: any ImageDataset
    /// The split.
    package var split: Split
    /// How samples become input.
    package var pipeline: any InputPipeline
    /// Which samples each epoch is made of, in which order.
    package var order: any Sampler
    /// How an epoch is cut into steps and ranks.
    package var division: BatchDivision
    /// This process's rank.
    package var rank: Int
    /// Rows of the batches, padding included.
    package var height: Int
    /// Columns of the batches, padding included.
    package var width: Int
    /// Makes the targets of a batch with room for this many images.
    package var makeTargets: @Sendable (_ capacity: Int) -> any Targets

    /// Names everything.
    /// - Parameter targets: makes the targets of a batch with room for this many images; a label for each pixel when not given.
    package init(
      dataset: any ImageDataset, split: Split, pipeline: any InputPipeline, order: any Sampler, division: BatchDivision,
      rank: Int, height: Int, width: Int, targets: (@Sendable (_ capacity: Int) -> any Targets)? = nil
    ) {
      self.dataset = dataset
      self.split = split
      self.pipeline = pipeline
      self.order = order
      self.division = division
      self.rank = rank
      self.height = height
      self.width = width
      makeTargets = targets ?? { RowLabels(capacity: $0, rowsPerImage: height * width) }
    }
  }

  private let source: Source
  private let samples: SampleSource
  private let firstStep: Int
  private let endStep: Int

  private let condition = NSCondition()
  private var free: [Batch]
  private var ready: [Int: Result<Batch, any Error>] = [:]
  private var nextToMake: Int
  private var nextToGive: Int
  private var inProgress = 0
  private var running: Int
  private var stopped = false
  private var failure: (any Error)?
  private var waited = 0.0
  private var drawn: DrawnEpoch?

  /// Starts the threads.
  /// - Parameters:
  ///   - source: what to give.
  ///   - epoch: the first epoch, counted from 0.
  ///   - step: the first step in that epoch.
  ///   - endEpoch: the epoch before which to end; nil goes on for ever.
  ///   - options: how to work.
  /// - Throws: `.usage` where the pipeline is impossible.
  package init(source: Source, epoch: Int = 0, step: Int = 0, endEpoch: Int? = nil, options: Options = Options()) throws {
    try source.pipeline.validate()
    self.source = source
    samples = SampleSource(
      source.dataset, source.split, cacheBytes: options.cacheBytes, keepsAnnotations: options.keepsAnnotations)
    firstStep = epoch * source.division.stepsPerEpoch + step
    endStep = endEpoch.map { $0 * source.division.stepsPerEpoch } ?? Int.max
    nextToMake = firstStep
    nextToGive = firstStep
    let capacity = source.division.largestShare(rank: source.rank)
    free = (0...max(1, options.batchesAhead)).map { _ in
      Batch(
        capacity: capacity, height: source.height, width: source.width, targets: source.makeTargets(capacity),
        views: source.pipeline.viewCount)
    }
    let threads = max(1, options.threads)
    running = threads
    for thread in 0..<threads {
      // The threads hold the loader until `stop()`; a loader that is dropped without it keeps them waiting.
      LoadingThreads.start(name: "longtail-loader-\(thread)") { self.work() }
    }
  }

  /// The next batch, in order; waits where it is not ready. Nil after the last one.
  ///
  /// Hand every batch back with `recycle` before asking for more than `batchesAhead` others.
  /// - Throws: what reading, decoding or augmenting this batch's samples threw, from then on always; `.internalError` after `stop()`
  ///   or where all batches are still in use.
  package func next() throws -> Batch? {
    condition.lock()
    defer { condition.unlock() }
    if let failure { throw failure }
    if nextToGive >= endStep { return nil }
    if stepwise != nil {
      // What was published since the last call may have made steps drawable.
      condition.broadcast()
      guard canDraw(nextToGive) else {
        throw LongtailError(.internalError, "the sampler has no weights for step \(nextToGive) yet: they have to be published before")
      }
    }
    let begin = ready[nextToGive] == nil ? Date() : nil
    while ready[nextToGive] == nil && !stopped {
      if free.isEmpty && inProgress == 0 {
        throw LongtailError(.internalError, "all batches of the loader are in use: none was handed back")
      }
      condition.wait()
    }
    if let begin { waited += Date().timeIntervalSince(begin) }
    guard let result = ready.removeValue(forKey: nextToGive) else {
      throw LongtailError(.internalError, "a batch was asked for after the loader had been stopped")
    }
    nextToGive += 1
    do { return try result.get() } catch {
      failure = error
      throw error
    }
  }

  /// Takes a batch back, to be filled anew.
  package func recycle(_ batch: Batch) {
    condition.lock()
    if !free.contains(where: { $0 === batch }) { free.append(batch) }
    condition.broadcast()
    condition.unlock()
  }

  /// Seconds that `next` has spent waiting so far.
  package var secondsWaited: Double {
    condition.lock()
    defer { condition.unlock() }
    return waited
  }

  /// Ends the threads and waits for them. Batches that were handed out stay valid. May be called more than once.
  package func stop() {
    condition.lock()
    stopped = true
    condition.broadcast()
    while running > 0 { condition.wait() }
    condition.unlock()
  }

  private func work() {
    while let (ticket, batch) = takeTicket() {
      let result = Result<Batch, any Error> {
        try fill(batch)
        return batch
      }
      condition.lock()
      ready[ticket] = result
      inProgress -= 1
      if case .failure = result {
        // Later batches would never be asked for.
        nextToMake = endStep
        free.append(batch)
      }
      condition.broadcast()
      condition.unlock()
    }
    condition.lock()
    running -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Waits for a free batch and gives it the next step's samples; nil when there is nothing left to do.
  private func takeTicket() -> (ticket: Int, batch: Batch)? {
    condition.lock()
    defer { condition.unlock() }
    while !stopped && nextToMake < endStep && (free.isEmpty || !canDraw(nextToMake)) { condition.wait() }
    guard !stopped, nextToMake < endStep, let batch = free.popLast() else { return nil }
    let ticket = nextToMake
    nextToMake += 1
    inProgress += 1
    let epoch = ticket / source.division.stepsPerEpoch
    let step = ticket % source.division.stepsPerEpoch
    let positions = source.division.positions(step: step, rank: source.rank)
    let whole = source.division.positions(step: step)
    var global = Batch.Global(positions: positions.flatMap { $0.map { $0 - whole.lowerBound } })
    if let stepwise {
      global.samples = stepwise.samples(step: ticket, count: whole.count)
      // How often a sample came before is not known without drawing all steps; each position counts as another occurrence.
      global.occurrences = whole.map { $0 + 1 }
    } else {
      let epochDrawn = drawn.flatMap { $0.epoch == epoch ? $0 : nil } ?? DrawnEpoch(source.order, epoch: epoch)
      drawn = epochDrawn
      global.samples = Array(epochDrawn.samples[whole])
      global.occurrences = Array(epochDrawn.occurrences[whole])
    }
    batch.prepare(epoch: epoch, step: step, global, microBatches: positions.map(\.count))
    return (ticket, batch)
  }

  private var stepwise: (any StepwiseSampler)? { source.order as? any StepwiseSampler }

  /// Whether it is known of which samples a step consists.
  private func canDraw(_ step: Int) -> Bool { stepwise?.canDraw(step: step) ?? true }

  private func fill(_ batch: Batch) throws {
    for (place, index) in batch.sampleIndices.enumerated() {
      do {
        try source.pipeline.fill(BatchSlot(batch: batch, place: place), from: samples)
      } catch let error as UnreadableSample {
        // It names its file.
        throw error.cause
      } catch let error as LongtailError {
        let name = source.dataset.identifier(split: source.split, index: index)
        throw LongtailError(
          error.code, "\(source.dataset.name) \(source.split.rawValue) \(name): \(error.message)", advice: error.advice)
      }
    }
  }
}
