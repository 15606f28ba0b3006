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

// Run by ReportsTests, alone or on every rank of an mpirun: `ToyProbe CONFIGURATION DIRECTORY`. Trains the toy task, then evaluates the
// checkpoint that is best by the toy's own score, and prints what `longtail evaluate --json` would.

let arguments = CommandLine.arguments
var joined: Communicator?
do {
  let communicator = try Launcher.connect()
  joined = communicator
  guard arguments.count == 3 else { throw LongtailError(.usage, "too few arguments") }
  ComputePool.configure(threadCount: 1)
  let task = ToyTask()
  let experiment = try Experiment(
    try Configuration.load(arguments[1]), task: task, graph: ToyTask.graph(classes: task.dataset.classes.count))
  let directory = communicator.isRoot ? try RunDirectory.open(at: arguments[2]) : nil
  let statistics = try ClassStatistics.collect(
    experiment, communicator: communicator, record: directory?.file("label-audit.json"), threads: 1)
  let reporter = directory.map { RunReporter(experiment, statistics: statistics, directory: $0, terminal: .plain) { _ in } }
  let trainer = try Trainer(
    experiment, statistics: statistics, communicator: communicator, checkpoints: "\(arguments[2])/checkpoints", resume: .never,
    observer: reporter)
  try directory?.writeConfiguration(experiment.configuration.yaml())
  try directory?.writeClasses(ClassesRecord(experiment, statistics))
  let summary = try trainer.run()
  try reporter?.finish(summary)
  directory?.close()

  guard let best = summary.best.first else { throw LongtailError(.internalError, "no checkpoint is the best") }
  let store = CheckpointStore(directory: "\(arguments[2])/checkpoints")
  let contents = try CheckpointStore.load(directory: store.path(step: best.step))
  let size = experiment.paddedSize
  let network = try Network(
    graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 0, options: PlanOptions(algorithms: .fixed(.direct)))
  try network.restoreModel(contents)
  let report = try Evaluator(experiment, groups: statistics.groups, communicator: communicator)
    .evaluate(network, objective: try statistics.objective(experiment.configuration), step: best.step, epoch: contents.run.epoch)
  if communicator.isRoot {
    let record = EvaluationRecord(report, experiment: experiment, statistics: statistics)
    print(try JSONValue(encoding: PrintedEvaluation(record, scores: report.scores)).line)
  }
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}
