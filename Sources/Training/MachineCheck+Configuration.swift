import Configuration
import Datasets
import Images
import Objectives
import Optimizers
import Tensors
import Threading

extension MachineCheck {
  /// How many label files of a split are read.
  static let sampledLabels = 8

  /// Looks at what a configuration needs: its data, a few of its images and labels, and whether a rank fits into memory.
  ///
  /// Nothing stops at the first problem that leaves others to be seen.
  /// - Parameters:
  ///   - load: reads the configuration.
  ///   - ranks: how many would share the global batch.
  ///   - ranksOnHost: how many of them on this machine.
  package static func configuration(
    _ load: () throws -> Configuration, memory: MemoryFacts, ranks: Int, ranksOnHost: Int
  ) -> [MachineCheck] {
    let configuration: Configuration
    do {
      configuration = try load()
    } catch {
      return [MachineCheck("configuration", error: error)]
    }
    var checks = [
      MachineCheck("configuration", .ok, "\(configuration.name): \(configuration.model.name) on \(configuration.data.name)"),
      directory("run directory", path: configuration.outputDirectory),
    ]
    let experiment: Experiment
    do {
      experiment = try Experiment(configuration)
      try experiment.requireTrainable(globalBatch: configuration.training.globalBatch, dropLast: configuration.training.dropLast)
    } catch {
      return checks + [MachineCheck("data set", error: error)]
    }
    checks.append(dataSet(experiment))
    checks += [Split.train, experiment.evaluationSplit].filter { experiment.dataset.count(of: $0) > 0 }.flatMap { samples(experiment, $0) }
    checks += files(experiment)
    checks.append(normalization(experiment, ranks: ranks))
    checks.append(objective(experiment))
    let optimizer = optimizer(configuration)
    checks.append(optimizer)
    // Its moments are part of the memory.
    guard optimizer.status != .problem else { return checks }
    checks += ranksMemory(experiment, memory, ranks: ranks, ranksOnHost: ranksOnHost)
    return checks
  }

  private static func dataSet(_ experiment: Experiment) -> MachineCheck {
    let dataset = experiment.dataset
    let counts = Split.allCases.map { "\(dataset.count(of: $0)) \($0.shortName)" }.joined(separator: ", ")
    let detail = "\(dataset.name), \(dataset.classes.count) classes, images: \(counts)"
    guard dataset.count(of: experiment.evaluationSplit) > 0 else {
      return MachineCheck(
        "data set", .problem, "\(detail); none to evaluate on", advice: "Choose another evaluation.split, or add images to it.")
    }
    return MachineCheck("data set", .ok, detail)
  }

  private static func samples(_ experiment: Experiment, _ split: Split) -> [MachineCheck] {
    let dataset = experiment.dataset
    var checks: [MachineCheck] = []
    let first = "first \(split.shortName) image"
    do {
      let image = try dataset.annotatedImage(split: split, index: 0).image
      checks.append(
        MachineCheck(first, .ok, "\(dataset.identifier(split: split, index: 0)), \(image.width) x \(image.height), decoded with its labels")
      )
    } catch {
      checks.append(MachineCheck(first, error: error))
    }
    let labels = "\(split.shortName) labels"
    do {
      let count = min(sampledLabels, dataset.count(of: split))
      let statistics = try LabelAudit.scan(dataset, split: split, indices: 0..<count, threads: 1)
      try statistics.validate()
      let present = statistics.pixels.count { $0 > 0 }
      let pixels = statistics.labelledPixels + statistics.ignoredPixels
      let ignored = pixels == 0 ? 0 : 100 * statistics.ignoredPixels / pixels
      let detail = "\(count) of \(dataset.count(of: split)) read: \(present) of \(dataset.classes.count) classes, \(ignored) % ignored"
      if split == .train, present == 1, count == dataset.count(of: split) {
        do {
          try experiment.task.requireTrainable(statistics)
        } catch {
          checks.append(MachineCheck(labels, error: error))
          return checks
        }
      }
      if present == 0 {
        checks.append(
          MachineCheck(labels, .problem, "\(detail); no pixel has a class", advice: "Check the data set's label map and ignoreIndex."))
      } else {
        checks.append(MachineCheck(labels, .ok, detail))
      }
    } catch {
      checks.append(MachineCheck(labels, error: error))
    }
    return checks
  }

  /// How many images of a split are compared with those of another.
  static let comparedImages = 200

  /// Reads images of both splits: what their files are, and whether some are in both.
  private static func files(_ experiment: Experiment) -> [MachineCheck] {
    let dataset = experiment.dataset
    var counted: [(split: Split, statistics: LabelStatistics)] = []
    for split in [Split.train, experiment.evaluationSplit] where !counted.contains(where: { $0.split == split }) {
      let count = dataset.count(of: split)
      let read = min(count, comparedImages)
      let left = Set(0..<count).subtracting((0..<read).map { count * $0 / read })
      let part = experiment.task.without([split: left]).dataset
      // Files that cannot be read are found by others.
      guard read > 0, let statistics = try? LabelAudit.scan(part, split: split, indices: 0..<read, threads: 2) else { continue }
      counted.append((split, statistics))
    }
    let name = "image files"
    var checks: [MachineCheck] = []
    for (split, statistics) in counted {
      for check in [{ try statistics.files.requireRange() }, { if let error = statistics.palettes.error { throw error } }] {
        do { try check() } catch { checks.append(MachineCheck(name, error: error)) }
      }
      checks += statistics.remarks.map { MachineCheck(name, .warning, "\(split.shortName): \($0)") }
    }
    if counted.count == 2,
      let shared = SharedImages(counted[0].statistics, of: counted[0].split, counted[1].statistics, of: counted[1].split)
    {
      checks.append(
        MachineCheck(name, .warning, shared.message, advice: "Take these images out of one of the two, or evaluate on another split."))
    }
    let images = counted.reduce(0) { $0 + $1.statistics.files.contents.count }
    guard checks.isEmpty, images > 0 else { return checks }
    return [MachineCheck(name, .ok, "\(images) read, none of them in both splits")]
  }

  private static func normalization(_ experiment: Experiment, ranks: Int) -> MachineCheck {
    let name = "batch normalization"
    let training = experiment.configuration.training
    do {
      try experiment.requireNormalizable(
        try BatchDivision(
          sampleCount: experiment.epochLength, globalBatch: training.globalBatch, dropLast: training.dropLast, ranks: ranks,
          microBatches: training.accumulate))
      return MachineCheck(name, .ok, "every layer sees more than one number per channel, with \(ranks) rank\(ranks == 1 ? "" : "s")")
    } catch {
      return MachineCheck(name, error: error)
    }
  }

  private static func objective(_ experiment: Experiment) -> MachineCheck {
    let configuration = experiment.configuration
    do {
      // The true counts need a pass over all labels; whether name and settings make sense does not depend on them.
      let ones = experiment.classNames.map { _ in Int64(1) }
      let made = try ClassStatistics.objective(
        configuration, context: ObjectiveContext(classes: ones.count, pixelCounts: ones, imageCounts: ones, images: 1))
      let training = configuration.training
      let stepsPerEpoch = max(1, experiment.epochLength / training.globalBatch)
      let wholeRun = training.epochs * stepsPerEpoch
      _ = try Learner.schedule(
        configuration, totalSteps: training.steps.map { min($0, wholeRun) } ?? wholeRun, stepsPerEpoch: stepsPerEpoch)
      return MachineCheck("objective", .ok, made.name)
    } catch {
      return MachineCheck("objective", error: error)
    }
  }

  private static func optimizer(_ configuration: Configuration) -> MachineCheck {
    do {
      let made = try OptimizerRegistry.make(
        configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: 16)
      return MachineCheck("optimizer", .ok, "\(made.name), learning rate \(configuration.optimizer.learningRate)")
    } catch {
      return MachineCheck("optimizer", error: error)
    }
  }

  private static func ranksMemory(_ experiment: Experiment, _ memory: MemoryFacts, ranks: Int, ranksOnHost: Int) -> [MachineCheck] {
    let name = "memory of a rank"
    do {
      let engine = experiment.configuration.engine
      if let threads = engine.threads { ComputePool.configure(threadCount: threads) }
      let estimate = try MemoryEstimate(experiment, ranks: ranks, usable: memory.usable)
      let algorithms = algorithms(engine, digest: estimate.algorithms)
      let size = experiment.paddedSize
      let detail =
        "about \(mebibytes(estimate.total)) for \(estimate.images) images of \(size): arena \(estimate.isExtrapolated ? "about " : "")"
        + "\(mebibytes(estimate.arena)), parameters and gradients \(mebibytes(estimate.parameters + estimate.gradients)), optimizer "
        + "\(mebibytes(estimate.optimizer)), batches \(mebibytes(estimate.batches)), cached images \(mebibytes(estimate.cache))"
      let shared = ranks > 1 ? [sharedMemory(needed: estimate.gradients * ranksOnHost)] : []
      let all = estimate.total * ranksOnHost
      guard memory.usable > 0, all > memory.usable else { return [algorithms, MachineCheck(name, .ok, detail)] + shared }
      let advice = "Use a smaller training.globalBatch, data.size or model.width, a smaller data.loader.cacheMegabytes, or more hosts."
      return [
        algorithms,
        MachineCheck(
          name, .problem,
          "\(detail); \(ranksOnHost == 1 ? "" : "\(ranksOnHost) ranks need \(mebibytes(all)), ")"
            + "\(mebibytes(memory.usable)) can be used", advice: advice),
      ] + shared
    } catch {
      return [MachineCheck(name, error: error)]
    }
  }
}
