import Collectives
import Configuration
import Images
import Kernels
import Networks
import Objectives
import Tensors
import Threading

/// Measures what `ScalingModel` needs, on this machine, in this process.
package struct ScalingMeasurement {
  private let experiment: Experiment

  /// Measures for a configuration.
  package init(_ experiment: Experiment) { self.experiment = experiment }

  /// The numbers of images to measure for the shares of the ranks: the smallest and the largest, the latter no more than a limit, since a
  /// step's time grows in proportion from there.
  package static func imageCounts(shares: [Int], limit: Int = 8) -> [Int] {
    let sorted = shares.filter { $0 > 0 }.sorted()
    guard let least = sorted.first, let most = sorted.last else { return [] }
    return Set([min(least, limit), min(most, limit)]).sorted()
  }

  /// Times steps of this many images with the threads of the compute pool, and takes sizes from the compiled network.
  /// - Parameters:
  ///   - imageCounts: images of a rank.
  ///   - given: steps that were measured elsewhere; then none is timed here.
  ///   - willMeasure: told before each.
  /// - Throws: `LongtailError` when the network cannot be made or a step fails, or when figures are of another network.
  package func step(
    imageCounts: [Int], figures given: [StepFigures] = [], steps: Int = 5, willMeasure: (Int) -> Void = { _ in }
  ) throws -> ScalingModel.Step {
    var step = try sizes()
    var figures = given
    if given.isEmpty {
      for images in imageCounts {
        willMeasure(images)
        figures.append(try measured(images: images, steps: steps))
      }
    }
    let configuration = experiment.configuration
    let wanted = "\(configuration.model.name) \(configuration.model.width)"
    let size = experiment.paddedSize
    for found in figures {
      guard found.model == wanted, found.width == size.width, found.height == size.height else {
        throw LongtailError(
          .usage,
          "the measured step is of \(found.model) at \(found.width)x\(found.height), the configuration of \(wanted) at "
            + "\(size.width)x\(size.height)", advice: "Measure with the same --model, --width and --size.")
      }
      step.imageSeconds[found.imagesPerRank] = found.imageSeconds
      step.updateSeconds = max(step.updateSeconds, found.updateSeconds)
    }
    return step
  }

  /// Bytes a second of copies of 64 MiB: with the threads of the pool, and with all processors that this process may use.
  package static func copyRates() -> (rank: Double, all: Double) {
    let threads = ComputePool.threadCount
    let bytes = 64 << 20
    let (source, destination) = (HostBuffer(byteCount: bytes), HostBuffer(byteCount: bytes))
    func rate() -> Double {
      let clock = ContinuousClock()
      let seconds = (0..<9).map { _ in
        let start = clock.now
        CommunicationBenchmark.copy(from: source, to: destination, floatCount: bytes / 4)
        return start.duration(to: clock.now).inSeconds
      }
      return Double(bytes) / (seconds.median ?? 0)
    }
    let own = rate()
    ComputePool.configure(threadCount: max(threads, ComputePool.availableProcessorCount))
    let all = rate()
    ComputePool.configure(threadCount: threads)
    return (own, max(own, all))
  }

  private func measured(images: Int, steps: Int) throws -> StepFigures {
    let options = options(images: images, steps: steps)
    guard let report = try StepBenchmark(options).run(SingleProcess()) else {
      throw LongtailError(.internalError, "the benchmark of a step gave no result")
    }
    return StepFigures(report)
  }

  private func options(images: Int, steps: Int) -> StepBenchmark.Options {
    var options = StepBenchmark.Options()
    let (model, objective) = (experiment.configuration.model, experiment.configuration.objective)
    (options.configuration.model, options.configuration.objective) = (model, objective)
    options.configuration.optimizer = experiment.configuration.optimizer
    options.configuration.gradientClipping = experiment.configuration.gradientClipping
    options.configuration.engine = experiment.configuration.engine
    options.configuration.training.globalBatch = images
    options.configuration.training.accumulate = min(images, experiment.configuration.training.accumulate)
    options.size = experiment.paddedSize
    options.classes = experiment.dataset.classes.count
    (options.steps, options.warmup, options.profiledSteps) = (steps, 2, 0)
    return options
  }

  /// Bytes and packed vectors, from a network that was compiled for one image.
  private func sizes() throws -> ScalingModel.Step {
    let configuration = experiment.configuration
    let memory = try MemoryEstimate(experiment, ranks: configuration.training.globalBatch, usable: .max)
    var step = ScalingModel.Step()
    step.gradientBytes = memory.parameters
    // What was compiled is one image at a time; with micro-batches a rank holds the activations of a part of its images.
    let microBatches = configuration.training.accumulate
    let held = max(0, memory.accumulation - memory.parameters)
    step.memoryPerImage = memory.arena / microBatches + memory.batches + held
    step.fixedMemory = memory.total - memory.arena - memory.batches - held

    var small = options(images: 1, steps: 1)
    small.configuration.engine.algorithms = .direct
    let learner = try StepBenchmark(small).makeLearner(SingleProcess())
    let rounds = learner.terms.rounds
    step.packedCounts = [(rounds.last ?? 0) + ControlWord.packedCount]
    step.packedCounts += rounds.dropLast()
    if configuration.model.batchNorm == .synchronized {
      for statistic in learner.network.parts.flatMap(\.runningStatistics) where statistic.name.hasSuffix("running_mean") {
        let channels = statistic.values.count
        step.packedCounts += [2 * channels + 1, 2 * channels]
      }
    }
    return step
  }
}
