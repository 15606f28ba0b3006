import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Tensors
import Threading
import Training

// Run by TrainingTests, alone or on every rank of an mpirun: `TrainingProbe CONFIGURATION CHECKPOINTS OUTPUT STEPS CASE...`
//
// A case is `name;key=value;key=value`: overrides of the configuration. For each one the first step after a checkpoint is computed without an
// update, then so many steps freely; rank zero writes OUTPUT/name.safetensors. Checkpoints that are not there yet are made, by two steps.

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard arguments.count > 5, let steps = Int(arguments[4]) else { throw LongtailError(.usage, "too few arguments") }
  ComputePool.configure(threadCount: 1)
  try BuiltInParts.register()
  for text in arguments[5...] {
    let parts = text.split(separator: ";").map(String.init)
    let name = parts.first ?? "case"
    let probe = try StepProbe(try Configuration.load(arguments[1], overrides: Array(parts.dropFirst())), communicator)
    let tensors = try probe.measure(checkpoints: "\(arguments[2])/\(name)", freeSteps: steps)
    if communicator.isRoot { try SafetensorsFile.write(tensors, to: "\(arguments[3])/\(name).safetensors") }
  }
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}

/// One case on one rank.
struct StepProbe {
  private let experiment: Experiment
  private let communicator: any Communicator
  private let division: BatchDivision
  private let learner: Learner

  init(_ configuration: Configuration, _ communicator: any Communicator) throws {
    self.communicator = communicator
    experiment = try Experiment(configuration)
    let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
    division = try BatchDivision(
      sampleCount: experiment.dataset.count(of: .train), globalBatch: configuration.training.globalBatch,
      dropLast: configuration.training.dropLast, ranks: communicator.size, microBatches: configuration.training.accumulate)
    learner = try Learner(
      experiment, statistics: statistics, communicator: communicator, totalSteps: 100, stepsPerEpoch: division.stepsPerEpoch,
      division: division)
  }

  func measure(checkpoints: String, freeSteps: Int) throws -> [StoredTensor] {
    let store = CheckpointStore(directory: checkpoints)
    if communicator.size == 1, try store.steps().isEmpty {
      try run(steps: 2) { _ = try learner.step($0) }
      if let contents = try learner.checkpoint(RunRecord(experiment)) { _ = try store.publish(contents) }
    }
    try restore(store)
    var tensors: [StoredTensor] = []
    try run(steps: 1) { batch in
      let result = try learner.gradients(batch)
      tensors += try learner.network.canonicalTensors(of: learner.network.gradients).map { StoredTensor($0) }
      tensors += learner.network.runningStatistics.map { StoredTensor($0) }
      tensors.append(StoredTensor(name: "step.loss", [result.loss]))
      tensors.append(StoredTensor(name: "step.validPixels", Int64(result.validPixels)))
      tensors.append(StoredTensor(name: "step.pixelsPerClass", result.pixelsPerClass.map(Double.init)))
      tensors.append(StoredTensor(name: "step.gradientNormPerClass", result.gradientNormPerClass))
      tensors.append(StoredTensor(name: "step.scalePerClass", result.scalePerClass))
    }
    var images = Array(repeating: 0.0, count: communicator.size)
    try restore(store)
    var losses: [Double] = []
    try run(steps: freeSteps) { batch in
      if losses.isEmpty { images[communicator.rank] = Double(batch.imageCount) }
      losses.append(try learner.step(batch).loss)
    }
    try learner.requireEqualStates()
    try communicator.sum(&images)
    return tensors + [StoredTensor(name: "free.losses", losses), StoredTensor(name: "free.imagesPerRank", images)]
  }

  private func restore(_ store: CheckpointStore) throws {
    guard communicator.isRoot else { return try learner.restore(nil) }
    guard let newest = try store.latestValid().newest else { throw LongtailError(.missingInput, "no checkpoint in \(store.directory)") }
    try learner.restore(store.load(newest))
  }

  private func run(steps: Int, _ body: (Batch) throws -> Void) throws {
    let size = experiment.paddedSize
    let loader = try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: .train, pipeline: experiment.trainingPipeline,
        order: SampleOrder(seed: UInt64(bitPattern: Int64(experiment.configuration.seed)), count: division.sampleCount), division: division,
        rank: communicator.rank, height: size.height, width: size.width),
      epoch: learner.stepCount / division.stepsPerEpoch, step: learner.stepCount % division.stepsPerEpoch)
    defer { loader.stop() }
    for _ in 0..<steps {
      guard let batch = try loader.next() else { throw LongtailError(.internalError, "the loader has no more batches") }
      try body(batch)
      loader.recycle(batch)
    }
  }
}
