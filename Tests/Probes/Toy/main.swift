import Checkpoints
import Collectives
import Configuration
import Datasets
import Foundation
import Networks
import Reports
import Runs
import Tasks
import Tensors
import Threading
import Training

// Run by ReportsTests, alone or on every rank of an mpirun: `ToyProbe CONFIGURATION DIRECTORY [STAGE STEP]`. Trains the toy task stage by stage,
// going on from what is there, then evaluates the checkpoint of the last stage that is best by the toy's own score, and prints what
// `longtail evaluate --json` would, with the digest of the end. With STAGE and STEP it kills itself before that step.

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard arguments.count == 3 || arguments.count == 5 else { throw LongtailError(.usage, "too few arguments") }
  ComputePool.configure(threadCount: 1)
  try TaskRegistry.register(ToyTask.entry)
  var configuration = try Configuration.load(arguments[1])
  configuration.output = arguments[2]
  let recipe = try configuration.recipe()
  for (index, stage) in recipe.enumerated() {
    let experiment = try Experiment(stage.configuration)
    let path = stage.configuration.outputDirectory
    let directory = communicator.isRoot ? try RunDirectory.open(at: path) : nil
    let statistics = try ClassStatistics.collect(
      experiment, communicator: communicator, record: directory?.file("label-audit.json") ?? "", threads: 1)
    let reporter = directory.map { RunReporter(experiment, statistics: statistics, directory: $0, terminal: .plain) { _ in } }
    let trainer = try Trainer(
      experiment, statistics: statistics, communicator: communicator, checkpoints: "\(path)/checkpoints", resume: .auto, observer: reporter,
      method: PlainMethod(), surroundings: StageSurroundings(of: index, in: recipe))
    try directory?.writeConfiguration(experiment.configuration.yaml())
    try directory?.writeClasses(ClassesRecord(experiment, statistics))
    let summary = try trainer.run { _, learner in
      guard arguments.count == 5, stage.name == arguments[3], learner.stepCount + 1 == Int(arguments[4]) else { return }
      kill(getpid(), SIGKILL)
    }
    try reporter?.finish(summary)
    directory?.close()
    guard index == recipe.count - 1 else { continue }

    guard let best = summary.best.first else { throw LongtailError(.internalError, "no checkpoint is the best") }
    let store = CheckpointStore(directory: "\(path)/checkpoints")
    let contents = try CheckpointStore.load(directory: store.path(step: best.step))
    let size = experiment.paddedSize
    let network = try Network(
      graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 0,
      options: PlanOptions(algorithms: .fixed(.direct)))
    try network.restoreModel(contents)
    let report = try Evaluator(experiment, groups: statistics.groups, communicator: communicator)
      .evaluate(network, objective: try statistics.objective(experiment.configuration), step: best.step, epoch: contents.run.epoch)
    if communicator.isRoot {
      let record = EvaluationRecord(report, experiment: experiment, statistics: statistics)
      print(try JSONValue(encoding: PrintedEvaluation(record, scores: report.scores)).line)
      print("digest \(summary.digest)\nearly end \(summary.earlyEnd ?? "none")")
    }
  }
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}
