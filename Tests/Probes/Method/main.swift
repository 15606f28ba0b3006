import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Images
import Objectives
import Optimizers
import Tensors
import Threading
import Training

// Run by TrainingTests, alone or on every rank of an mpirun: `MethodProbe CHECKPOINTS OUTPUT STEPS EVENT [METHOD]`
//
// Trains `ToyMethod` on noise for so many steps, from the newest checkpoint if there is one, with a checkpoint after every second step. At the
// end all ranks are compared, and rank zero writes OUTPUT.safetensors and the inventory OUTPUT.txt. EVENT is `none`, `kill:STEP` (rank zero
// ends itself by SIGKILL behind that step) or `damage:NAME` (the last rank changes a number of that leaf before ranks are compared).
// METHOD trains a method of the list in its place, see `ListedMethod`.

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard (5...6).contains(arguments.count), let steps = Int(arguments[3]) else {
    throw LongtailError(.usage, "expected four or five arguments")
  }
  ComputePool.configure(threadCount: 1)
  let (store, event) = (CheckpointStore(directory: arguments[1]), arguments[4].split(separator: ":").map(String.init))
  if arguments.count == 6 {
    let listed = try ListedMethod(arguments[5], communicator, store: store)
    try listed.run(to: steps, event: event)
    try listed.write(to: arguments[2])
  } else {
    let probe = try MethodProbe(communicator, store: store)
    try probe.run(to: steps, event: event)
    try probe.write(to: arguments[2])
  }
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}

struct MethodProbe {
  /// Global batches of changing size: the last is smaller than some numbers of ranks.
  private static let batches = [8, 6, 3]
  private static let size = ImageSize(width: 16, height: 16)

  private let communicator: any Communicator
  private let store: CheckpointStore
  private let learner: Learner
  private let batch: Batch
  private let second: Batch

  init(_ communicator: any Communicator, store: CheckpointStore) throws {
    (self.communicator, self.store) = (communicator, store)
    var configuration = Configuration()
    configuration.optimizer.name = "sgd"
    configuration.optimizer.momentum = 0.9
    configuration.optimizer.learningRate = 0.02
    configuration.schedule.name = .constant
    configuration.training.globalBatch = MethodProbe.batches[0]
    configuration.training.exponentialMovingAverage = .init()
    let objective = try ObjectiveRegistry.make("eqlv2", context: ObjectiveContext(classes: ToyMethod.classes))
    learner = try Learner(
      configuration: configuration, graph: ToyMethod.graph, inputSize: MethodProbe.size, objective: objective, communicator: communicator,
      totalSteps: 100, stepsPerEpoch: 3, method: ToyMethod())
    (batch, second) = (MethodProbe.empty(), MethodProbe.empty())
    batch.furtherViews = [second.images]
  }

  private static func empty() -> Batch { Batch(noiseCapacity: batches[0], height: size.height, width: size.width, rowsPerImage: 1) }

  func run(to steps: Int, event: [String]) throws {
    var newest: CheckpointContents?
    var found = [0.0]
    if communicator.isRoot, let latest = try store.latestValid().newest { (newest, found) = (try store.load(latest), [1]) }
    try communicator.maximum(&found)
    if found[0] > 0 { try learner.restore(newest) }
    while learner.stepCount < steps {
      try fill()
      let report = try learner.step(batch)
      guard report.loss.isFinite, let others = report.auxiliaryLoss, others > 0 else {
        throw LongtailError(.internalError, "step \(report.step) has loss \(report.loss) and \(report.auxiliaryLoss ?? -1)")
      }
      if learner.stepCount % 2 == 0, let contents = try learner.checkpoint(RunRecord()) { _ = try store.publish(contents) }
      if event.first == "kill", learner.stepCount == Int(event[1]), communicator.isRoot { kill(getpid(), SIGKILL) }
    }
    if event.first == "damage", communicator.rank == communicator.size - 1 { try damage(event[1]) }
    try learner.requireEqualStates()
  }

  /// Noise in two views; classes, weights and second labels are functions of the sample.
  private func fill() throws {
    let step = learner.stepCount
    let count = MethodProbe.batches[step % MethodProbe.batches.count]
    let share = BatchDivision.shard(of: count, ranks: communicator.size, rank: communicator.rank)
    let samples = 8 * step + share.lowerBound..<8 * step + share.upperBound
    for (view, batch) in [batch, second].enumerated() {
      try batch.fillWithNoise(samples: samples, step: step, classes: 2, ignoredShare: 0, seed: 5 + UInt64(view))
    }
    batch.epoch = step / 3
    guard let targets = batch.targets as? RowLabels else { throw LongtailError(.internalError, "labels are not by image") }
    targets.labels = samples.map { $0 % 7 == 6 ? -1 : Int32($0 % ToyMethod.classes) }
    targets.secondLabels = samples.map { Int32(($0 + 1) % ToyMethod.classes) }
    targets.secondShares = samples.map { Float($0 % 3) / 4 }
    targets.weights = samples.map { 0.5 + Float($0 % 5) / 4 }
  }

  private func damage(_ name: String) throws {
    guard let leaf = StateTree(learner).leaves.first(where: { $0.path == name }) else {
      throw LongtailError(.usage, "there is no leaf '\(name)'")
    }
    var bytes = leaf.withBytes { [UInt8]($0) }
    bytes[0] ^= 1
    try leaf.setBytes(bytes)
  }

  /// A head that is trained on rows of all ranks, some of which have none.
  private func trainedHead() throws -> [StoredTensor] {
    let head = try LinearHead(classes: ToyMethod.classes, features: 8, seed: 9)
    let objective = try ObjectiveRegistry.make("eqlv2", context: ObjectiveContext(classes: ToyMethod.classes))
    var settings = StochasticGradientDescent.Settings()
    settings.momentum = 0.9
    let step = try HeadStep(
      HeadGradient(head, objective, communicator: communicator),
      optimizer: StochasticGradientDescent(parameterCount: head.parameters.floatCount, settings: settings),
      schedule: LearningRateSchedule(base: 0.1))
    for count in MethodProbe.batches {
      let share = BatchDivision.shard(of: count, ranks: communicator.size, rank: communicator.rank)
      let values = share.flatMap { sample in
        (0..<8).map { Float(CounterRandom(seed: 4, purpose: .testing, sample: sample).uniform($0, in: -1...1)) }
      }
      _ = try step.step(FeatureRows(values: values, labels: share.map { Int32($0 % ToyMethod.classes) }))
    }
    return try StateTree(step).tensors().map { StoredTensor(name: "headStep.\($0.name)", shape: $0.shape, values: $0.values) }
  }

  func write(to path: String) throws {
    let head = try trainedHead()
    guard let contents = try learner.checkpoint(RunRecord()) else { return }
    let parts = [("model", contents.model.map { StoredTensor($0) }), ("optimizer", contents.optimizer.map { StoredTensor($0) })]
    let tensors = parts.flatMap { part, tensors in
      tensors.map { StoredTensor(name: "\(part).\($0.name)", shape: $0.shape, values: $0.values) }
    }
    try SafetensorsFile.write(tensors + contents.state + head, to: "\(path).safetensors")
    let text = try "\(contents.digest())\n\(StateTree(learner))\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path).txt"))
  }
}
