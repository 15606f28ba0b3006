import Collectives
import Configuration
import Datasets
import Images
import Models
import Networks
import Objectives
import Optimizers
import Tasks
import Tensors
import Threading

/// Times the training step on noise: forward, objective, sums, backward, update, by the code that training uses (`Learner.step`).
///
/// Every step gets new images and labels, made between the timed parts. Nothing is read from disk.
package struct StepBenchmark {
  /// What is timed.
  package struct Options: Sendable {
    /// Model, objective, optimizer, engine and the global batch; `data`, `evaluation` and `checkpoint` do not count.
    package var configuration: Configuration
    /// Extents of the images; the network's stride divides them.
    package var size = ImageSize(width: 256, height: 256)
    /// Channels of the logits.
    package var classes = 12
    /// Timed steps.
    package var steps = 8
    /// Steps before them that are not timed.
    package var warmup = 3
    /// Steps after them in which each layer is timed.
    package var profiledSteps = 3
    /// The share of pixels without a label.
    package var ignoredShare = 0.05
    /// Objects of an image, for detectors.
    package var objects = 4

    /// A U-Net of width 32 with pixel-wise adaptive training and Adam, 8 images of 256 x 256.
    package init() {
      configuration = Configuration()
      configuration.objective.name = "pat"
      configuration.schedule.name = .constant
    }

    /// The sections of a configuration that matter to a step.
    package static let sections = ["seed", "model", "objective", "optimizer", "schedule", "gradientClipping", "engine"]

    /// Changes keys of the configuration, as `--set` does: `model.batchNorm=local`.
    /// - Throws: `LongtailError` with code `usage` for keys that a step does not depend on, and as reading a configuration does.
    package mutating func apply(overrides: [String]) throws {
      for text in overrides {
        let key = String(text.prefix { $0 != "=" && $0 != "." })
        guard Options.sections.contains(key) else {
          throw LongtailError(
            .usage, "--set \(text): a step's time does not depend on '\(key)', or an option of its own sets it",
            advice: nearestHint(key, among: Options.sections))
        }
      }
      configuration = try Configuration(yaml: configuration.yaml(), name: "bench", overrides: overrides)
    }
  }

  /// Counts what the process asks the heap for. The program that counts provides it; a library cannot.
  package struct HeapCounters {
    /// Calls that asked for memory so far, and the bytes that they asked for; nil where calls cannot be counted.
    package var allocations: (() -> (count: Int, bytes: Int))?
    /// Bytes of the heap in use now; nil where the C library does not say.
    package var bytesInUse: (() -> Int)?

    /// Names the two sources.
    package init(allocations: (() -> (count: Int, bytes: Int))? = nil, bytesInUse: (() -> Int)? = nil) {
      (self.allocations, self.bytesInUse) = (allocations, bytesInUse)
    }
  }

  let options: Options
  let graph: Graph
  let heap: HeapCounters
  /// The task that composes the network, with what its step has of its own; nil for networks that label rows.
  let composer: (task: any Task, benchmark: TaskBenchmark)?

  /// Resolves names and checks sizes; nothing is allocated yet.
  /// - Throws: `LongtailError` with code `usage` naming the option, and the nearest known name where one is unknown.
  package init(_ given: Options, heap: HeapCounters = HeapCounters()) throws {
    var options = given
    let model = options.configuration.model.name
    let entry = TaskRegistry.entries.first { $0.benchmark?.composes(model) ?? false }
    if let entry { options.configuration.task = entry.name }
    self.options = options
    self.heap = heap
    let configuration = options.configuration
    func require(_ isFine: Bool, _ message: String, _ advice: String? = nil) throws {
      if !isFine { throw LongtailError(.usage, message, advice: advice) }
    }
    try require(options.classes >= 2 && options.classes <= 65_535, "--classes is \(options.classes), but has to be from 2 to 65535")
    try require(configuration.training.globalBatch >= 1, "--batch is \(configuration.training.globalBatch), but has to be at least 1")
    try require(options.steps >= 1, "--steps is \(options.steps), but has to be at least 1")
    try require(options.warmup >= 0, "--warmup is \(options.warmup), but cannot be negative")
    try require(options.objects >= 0, "--objects is \(options.objects), but cannot be negative")
    let classes = (0..<options.classes).map { ClassInfo(name: "\($0)", colour: .distinct($0)) }
    if let entry, let benchmark = entry.benchmark {
      composer = (try entry.recorded(configuration, classes), benchmark)
    } else {
      composer = nil
    }
    graph = try composer?.task.graph ?? ModelRegistry.make(configuration.model, classes: options.classes)
    guard OptimizerRegistry.names.contains(configuration.optimizer.name) else {
      throw LongtailError.unknownName("optimizer", configuration.optimizer.name, known: OptimizerRegistry.names)
    }
    guard ObjectiveRegistry.names.contains(configuration.objective.name) else {
      throw LongtailError.unknownName("objective", configuration.objective.name, known: ObjectiveRegistry.names)
    }
    let size = options.size
    try require(
      (1...16_384).contains(size.width) && (1...16_384).contains(size.height),
      "--size is \(size.width)x\(size.height), but both extents have to be from 1 to 16384")
    let stride = graph.strideMultiple
    func near(_ extent: Int) -> Int { max(1, (extent + stride / 2) / stride) * stride }
    try require(
      size.width % stride == 0 && size.height % stride == 0,
      "--size is \(size.width)x\(size.height), but \(configuration.model.name) needs multiples of \(stride)",
      "The nearest is \(near(size.width))x\(near(size.height)).")
  }

  /// Runs and measures. Collective.
  /// - Returns: the result on rank zero, nil on the others.
  /// - Throws: `LongtailError` when a step fails, when the ranks end with different parameters, or with none that changed.
  package func run(_ communicator: any Communicator) throws -> StepBenchmarkReport? {
    let clock = ContinuousClock()
    let start = clock.now
    let learner = try makeLearner(communicator)
    let setup = start.duration(to: clock.now).inSeconds

    var own = try measure(learner, communicator)
    own.setupSeconds = setup
    try learner.requireEqualStates()
    guard own.digestAfter != own.digestBefore else {
      throw LongtailError(
        .internalError, "\(options.steps) steps left every parameter as it was",
        advice: "Nothing was learned, so these times mean nothing. Check the optimizer's settings.")
    }
    guard let all = try RankMeasurements.collect(own, communicator) else { return nil }
    return try report(all, learner, communicator)
  }
}

extension StepBenchmark {
  /// What is timed. Collective.
  func makeLearner(_ communicator: any Communicator) throws -> Learner {
    let configuration = options.configuration
    let batchSize = configuration.training.globalBatch
    // Labels are uniform over the classes, so are the counts that some objectives want.
    let pixels = [Int64](
      repeating: Int64(batchSize * options.size.width * options.size.height / options.classes), count: options.classes)
    let context = ObjectiveContext(
      classes: options.classes, pixelCounts: pixels, imageCounts: pixels.map { _ in Int64(batchSize) }, images: Int64(batchSize))
    return try Learner(
      configuration: configuration, graph: graph, inputSize: options.size,
      objective: ClassStatistics.objective(configuration, context: context), communicator: communicator,
      totalSteps: options.warmup + options.steps + options.profiledSteps, stepsPerEpoch: options.warmup + options.steps,
      method: MethodRegistry.make(configuration), classes: context)
  }
}
