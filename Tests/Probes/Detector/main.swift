import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Objectives
import Tasks
import Tensors
import Threading
import Training

// Run by BuiltInTasksTests, alone or on every rank of an mpirun: `DetectorProbe CHECKPOINTS OUTPUT STEPS EVENT OBJECTIVE [a.b=c ...]`
//
// Trains a tiny detector on drawn scenes for so many steps, from the newest checkpoint if there is one, with a checkpoint after every second
// step. Batches are of four and of two images, so that a third rank has none in every second step. At the end all ranks are compared and the
// validation scenes are evaluated; rank zero writes OUTPUT.safetensors and OUTPUT.txt: the digest, the losses of all steps that it has done, the
// scores, the inventory. EVENT is `none` or `kill:STEP`: rank zero ends itself by SIGKILL behind that step.

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard arguments.count >= 6, let steps = Int(arguments[3]) else { throw LongtailError(.usage, "expected five arguments") }
  ComputePool.configure(threadCount: 1)
  try BuiltInParts.register()
  let probe = try DetectorProbe(
    communicator, store: CheckpointStore(directory: arguments[1]), objective: arguments[5], overrides: Array(arguments[6...]))
  try probe.run(to: steps, event: arguments[4].split(separator: ":").map(String.init))
  try probe.write(to: arguments[2])
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}

final class DetectorProbe {
  private let communicator: any Communicator
  private let store: CheckpointStore
  private let experiment: Experiment
  private let statistics: ClassStatistics
  private let learner: Learner
  private let division: BatchDivision
  private var losses: [String] = []

  private static let configuration = """
    task: detection
    seed: 3
    data:
      name: scenes
      size: {width: 128, height: 64}
      settings: {width: 96, height: 64, train: 6, validation: 3, test: 0}
    model:
      name: fasterRCNN-resnet18
      settings:
        backboneWidth: 16
        pyramidChannels: 16
        headWidth: 16
        pooledSize: 5
        anchorSizes: [8, 14, 24, 40, 70]
        canonicalSize: 28
        anchorSamples: 32
        rows: 12
        trainingProposals: 40
        proposals: 20
        scoreThreshold: 0
        detections: 20
    optimizer: {name: sgd, momentum: 0.9, learningRate: 0.01}
    schedule: {name: constant}
    training: {globalBatch: 4, epochs: 100, exponentialMovingAverage: {decay: 0.5}}
    """

  init(_ communicator: any Communicator, store: CheckpointStore, objective: String, overrides: [String]) throws {
    (self.communicator, self.store) = (communicator, store)
    let configuration = try Configuration(
      yaml: DetectorProbe.configuration, name: "probe", overrides: ["objective.name=\(objective)"] + overrides)
    experiment = try Experiment(configuration)
    statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
    division = try BatchDivision(sampleCount: 6, globalBatch: 4, dropLast: false, ranks: communicator.size)
    learner = try Learner(
      experiment, statistics: statistics, communicator: communicator, totalSteps: 100, stepsPerEpoch: division.stepsPerEpoch,
      division: division,
      method: MethodRegistry.make(configuration))
  }

  func run(to steps: Int, event: [String]) throws {
    var newest: CheckpointContents?
    var found = [0.0]
    if communicator.isRoot, let latest = try store.latestValid().newest { (newest, found) = (try store.load(latest), [1]) }
    try communicator.maximum(&found)
    if found[0] > 0 { try learner.restore(newest) }
    let size = experiment.paddedSize
    let loader = try BatchLoader(
      source: .init(
        dataset: experiment.dataset, split: .train, pipeline: experiment.trainingPipeline, order: try experiment.sampler(nil),
        division: division,
        rank: communicator.rank, height: size.height, width: size.width, targets: experiment.targets(ofSize: size)),
      epoch: learner.stepCount / division.stepsPerEpoch, step: learner.stepCount % division.stepsPerEpoch)
    defer { loader.stop() }
    while learner.stepCount < steps, let batch = try loader.next() {
      defer { loader.recycle(batch) }
      let report = try learner.step(batch)
      guard report.loss.isFinite, let others = report.auxiliaryLoss, others > 0, report.pixelsPerClass.count == 10 else {
        throw LongtailError(.internalError, "step \(report.step) has loss \(report.loss) and \(report.auxiliaryLoss ?? -1)")
      }
      losses.append("\(report.loss) \(others) \(report.validPixels)")
      if learner.stepCount % 2 == 0, let contents = try learner.checkpoint(RunRecord()) { _ = try store.publish(contents) }
      if event.first == "kill", learner.stepCount == Int(event[1]), communicator.isRoot { kill(getpid(), SIGKILL) }
    }
    try learner.requireEqualStates()
  }

  func write(to path: String) throws {
    let epilogues = try experiment.configuration.epilogueList()
    if let first = epilogues.first {
      let made = try EpilogueRegistry.make(
        first.name, settings: first.settings, context: MethodContext(configuration: experiment.configuration)
      ).network(after: learner, experiment: experiment, statistics: statistics)
      try retrained(made, path)
    }
    let report = try Evaluator(experiment, groups: statistics.groups, communicator: communicator)
      .evaluate(learner.network, parameters: learner.judged, objective: learner.objective, step: learner.stepCount, epoch: 0)
    guard let contents = try learner.checkpoint(RunRecord()) else { return }
    let parts = [("model", contents.model.map { StoredTensor($0) }), ("optimizer", contents.optimizer.map { StoredTensor($0) })]
    let tensors = parts.flatMap { part, tensors in
      tensors.map { StoredTensor(name: "\(part).\($0.name)", shape: $0.shape, values: $0.values) }
    }
    try SafetensorsFile.write(tensors + contents.state, to: "\(path).safetensors")
    let scores = report.evaluation.scores.filter { $0.subject == .whole }.map { "\($0.name) \($0.value ?? -1)" }.joined(separator: ";")
    let found = report.evaluation.classes.reduce(0) { $0 + $1.predictedCount }
    let text = try "\(contents.digest())\n\(losses.joined(separator: ";"))\n\(scores);sure \(found)\n\(StateTree(learner))\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path).txt"))
  }

  /// What an epilogue has made, beside what was trained.
  private func retrained(_ network: Network, _ path: String) throws {
    let tensors = try network.parts.flatMap { try $0.canonicalTensors(of: $0.parameters) }
    if communicator.isRoot { try SafetensorsFile.write(tensors, to: "\(path)-epilogue.safetensors") }
  }
}
