import ArgumentParser
import Collectives
import Configuration
import Foundation
import Reports
import Tensors
import Threading
import Training

/// `longtail train`: trains, evaluates, keeps checkpoints, goes on from them.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network as a configuration describes it.",
    discussion: "The run directory receives the merged configuration, log.jsonl, checkpoints, the table of classes and pictures.")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The run directory; by default the configuration's output, or runs/NAME.", valueName: "directory"))
  var output: String?

  @Option(help: "Whether to go on from a checkpoint in the run directory: never, auto or required.")
  var resume: ResumePolicy = .never

  @Flag(help: "Removes the checkpoints and logs of an earlier run in the same directory first.")
  var overwrite = false

  @Option(help: "Refuses to begin unless exactly this many ranks take part.")
  var expectRanks: Int?

  func validate() throws {
    if overwrite, resume != .never { throw ValidationError("--overwrite and --resume contradict each other.") }
  }

  func run() throws {
    Job.finish { communicator in
      if let expectRanks, expectRanks != communicator.size {
        throw LongtailError(
          .mismatch, "\(expectRanks) ranks are expected, \(communicator.size) take part", advice: "Start with mpirun -n \(expectRanks).")
      }
      var configuration = try options.load()
      if let output { configuration.output = output }
      let budget = try communicator.threadBudget()
      ComputePool.configure(threadCount: configuration.engine.threads ?? budget.threads)
      let experiment = try Experiment(configuration)
      if communicator.isRoot {
        printNow(
          "longtail \(Versions.longtail), \(communicator.size) rank\(communicator.size == 1 ? "" : "s") on "
            + "\(communicator.hostCount) host\(communicator.hostCount == 1 ? "" : "s"), \(ComputePool.threadCount) compute thread"
            + "\(ComputePool.threadCount == 1 ? "" : "s") a rank (\(budget.summary))\n")
        if let warning = budget.warning { printNow("warning: \(warning)\n") }
      }
      return try train(experiment, communicator) ? LongtailError.Code.stoppedOnRequest.rawValue : 0
    }
  }

  /// - Returns: whether somebody asked to stop before the end.
  private func train(_ experiment: Experiment, _ communicator: any Communicator) throws -> Bool {
    let directory = communicator.isRoot ? try runDirectory(experiment.configuration.outputDirectory) : nil
    // Whatever happens, others may use the directory afterwards.
    defer { directory?.close() }
    if let takeover = directory?.takeover { printNow("\(takeover)\n") }
    let statistics = try ClassStatistics.collect(
      experiment, communicator: communicator, record: directory?.file("label-audit.json") ?? (communicator.isRoot ? nil : ""),
      threads: max(1, experiment.configuration.data.loader.threads))
    var reporter: RunReporter?
    if let directory {
      reporter = RunReporter(
        experiment, statistics: statistics, directory: directory, terminal: Terminal.detect(descriptor: 1), write: printNow)
    }
    let signals = try RequestSignals()
    let trainer = try Trainer(
      experiment, statistics: statistics, communicator: communicator,
      checkpoints: experiment.configuration.outputDirectory + "/checkpoints",
      resume: overwrite ? nil : resume, observer: reporter, requests: signals.take)
    // From here on all is known to work: only now is an earlier run touched.
    if let directory {
      if overwrite { try RunFiles.removeEarlierRun(directory.path) }
      try RunFiles.describe(experiment, statistics, communicator, in: directory)
    }
    try directory?.markStopped(nil)
    let summary = try trainer.run()
    try reporter?.finish(summary)
    if summary.wasStopped { try directory?.markStopped("step \(summary.steps)") }
    return summary.wasStopped
  }

  private func runDirectory(_ path: String) throws -> RunDirectory {
    if overwrite || resume == .auto { return try RunDirectory.open(at: path) }
    return resume == .never ? try RunDirectory.create(at: path) : try RunDirectory.reopen(at: path)
  }
}

extension ResumePolicy: ExpressibleByArgument {}
