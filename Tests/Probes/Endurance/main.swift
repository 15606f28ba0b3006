import BuiltInTasks
import CAllocations
import Checkpoints
import Collectives
import Configuration
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

// Trains as `longtail train` does, in one process, and says after each window of steps what the process holds by then:
//   EnduranceProbe CONFIGURATION OUTPUT STEPS-OF-A-WINDOW WINDOWS [KEY=VALUE...]
// A line a window: {"allocations": of this window, "heapBytes":, "residentBytes":, "handles": open files, "mappings": pieces of memory}.

let arguments = CommandLine.arguments
do {
  guard arguments.count > 4, let window = Int(arguments[3]), let windows = Int(arguments[4]) else {
    throw LongtailError(.usage, "usage: EnduranceProbe CONFIGURATION OUTPUT STEPS-OF-A-WINDOW WINDOWS [KEY=VALUE...]")
  }
  ComputePool.configure(threadCount: 1)
  try BuiltInParts.register()
  let settings = ["training.steps=\(window * windows)", "training.epochs=\(window * windows)"] + arguments[5...]
  let experiment = try Experiment(try Configuration.load(arguments[1], overrides: settings))
  let communicator = SingleProcess()
  let directory = try RunDirectory.create(at: arguments[2])
  try directory.writeConfiguration(experiment.configuration.yaml())
  let statistics = try ClassStatistics.collect(experiment, communicator: communicator, record: nil, threads: 1)
  let reporter = RunReporter(experiment, statistics: statistics, directory: directory, terminal: .plain) { _ in }
  let trainer = try Trainer(
    experiment, statistics: statistics, communicator: communicator, checkpoints: directory.checkpointsPath, resume: .never,
    observer: Meter(reporter, window: window, checkpoints: directory.checkpointsPath))
  longtail_count_allocations(1)
  try reporter.finish(trainer.run())
  directory.close()
} catch {
  FailureHandler.endJob(error, communicator: nil)
}

/// Lets a reporter do its work, and reads the meters after each window.
final class Meter: TrainingObserver {
  private let reporter: RunReporter
  private let window: Int
  private let checkpoints: String
  private var allocations: Int64 = 0
  private var lastSave: Int?

  init(_ reporter: RunReporter, window: Int, checkpoints: String) {
    (self.reporter, self.window, self.checkpoints) = (reporter, window, checkpoints)
  }

  /// A save in flight holds a copy of the state: readings are taken when the last one is on the disk and older ones are removed.
  private func waitForTheLastSave() {
    guard let lastSave else { return }
    for _ in 0..<5000 {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
      let hint = try? String(contentsOfFile: "\(checkpoints)/LATEST", encoding: .utf8)
      if hint == CheckpointStore.name(step: lastSave) + "\n", names.count <= 3 { break }
      usleep(2000)
    }
    usleep(20_000)
  }

  func didStep(_ report: StepReport) throws {
    try reporter.didStep(report)
    guard report.step % window == 0 else { return }
    longtail_count_allocations(0)
    waitForTheLastSave()
    longtail_count_allocations(1)
    let now = longtail_allocation_count()
    let values: [(String, Int)] = [
      ("allocations", Int(now - allocations)), ("heapBytes", Int(longtail_heap_bytes())),
      ("residentBytes", ProcessMemory.residentBytes ?? 0), ("handles", count("/proc/self/fd")), ("mappings", mappings()),
    ]
    print("{" + values.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}")
    fflush(stdout)
    // What reading the meters took does not count.
    allocations = longtail_allocation_count()
  }

  func trainingWillStart(_ start: TrainingStart) throws { try reporter.trainingWillStart(start) }
  func didEvaluate(_ report: EvaluationReport, learner: Learner) throws { try reporter.didEvaluate(report, learner: learner) }
  func willSave(step: Int) throws { try reporter.willSave(step: step) }
  func didSave(step: Int, best: [RunRecord.Best]) throws {
    lastSave = step
    try reporter.didSave(step: step, best: best)
  }
  func didFailToSave(_ failure: CheckpointWriter.Failure, allowed: Int) throws { throw failure.error }

  private func count(_ directory: String) -> Int { (try? FileManager.default.contentsOfDirectory(atPath: directory).count) ?? 0 }

  private func mappings() -> Int {
    (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n").count) ?? 0
  }
}
