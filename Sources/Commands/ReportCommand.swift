import ArgumentParser
import Collectives
import Foundation
import Reports
import Runs
import Tensors
import Threading
import Training

/// `longtail report`: a run's page, made from what lies in its directory.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Writes one HTML page about a run: curves, classes, confusions, images, settings, warnings.",
    discussion: """
      Training writes the page at its end; this command writes it for a run that goes on, was interrupted, or comes from an earlier build. The \
      page is one file without references to others. Everything in it is read from the run's directory; with --evaluate the newest \
      checkpoint is evaluated once more, for confusions and images that the run did not write down itself. That needs its data set.
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"), completion: .directory)
  var directory: String

  @Option(help: ArgumentHelp("Where the page goes; by default report.html in the run directory.", valueName: "file"))
  var output: String?

  @Flag(help: "Also replaces a file that longtail did not write.")
  var overwrite = false

  @Flag(help: "Evaluates the newest checkpoint for what is missing in the run directory.")
  var evaluate = false

  @Option(help: "With --evaluate: how many of the best and of the worst images are shown; by default the configuration's number.")
  var pictures: Int?

  func validate() throws {
    if let pictures, !(0...64).contains(pictures) { throw ValidationError("--pictures is \(pictures), but has to be from 0 to 64.") }
    if pictures != nil, !evaluate { throw ValidationError("--pictures needs --evaluate; a run's own pictures are all shown.") }
  }

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "report")
      var report = try RunReport(readingFrom: directory)
      report.facts = NetworkFacts(report.results)
      if let output, !overwrite {
        try OwnFile.requireReplaceable(output, advice: "Name another --output, or replace it with --overwrite.")
      }
      if evaluate { try complete(&report, communicator) }
      let path = output ?? "\(directory)/report.html"
      do {
        try Data(report.html.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw LongtailError(
          .inputOutput, "\(path): cannot be written: \(error.localizedDescription)",
          advice: "Check permissions and space, or name another place with --output.")
      }
      printNow("report   \(path)\n")
    }
  }

  /// Evaluates the newest checkpoint, which has to be that of the last evaluation: else the page would mix two networks.
  private func complete(_ report: inout RunReport, _ communicator: any Communicator) throws {
    var options = TrainedOptions()
    (options.run, options.checkpoint, options.overrides) = (directory, "newest", [])
    let (configuration, contents, path) = try options.load()
    guard let last = report.results.last, last.step == contents.run.globalStep else {
      throw LongtailError(
        .mismatch,
        "the newest checkpoint of \(directory) is of step \(contents.run.globalStep), its last evaluation of "
          + (report.results.last.map { "step \($0.step)" } ?? "none"),
        advice: "Leave out --evaluate, or finish the run.")
    }
    ComputePool.configure(threadCount: try configuration.engine.threads ?? communicator.threadsPerRank())
    let experiment = try Experiment(configuration)
    let record = "\(directory)/label-audit.json"
    let statistics = try ClassStatistics.collect(
      experiment, communicator: communicator, record: FileManager.default.fileExists(atPath: record) ? record : nil,
      threads: max(1, configuration.data.loader.threads))
    let network = try TrainedNetwork.make(experiment, contents)
    let objective = try statistics.objective(configuration)
    try objective.restore(from: contents)
    printNow("evaluates \(path)\n")
    let evaluation = try Evaluator(experiment, groups: statistics.groups, communicator: communicator)
      .evaluate(network, objective: objective, step: contents.run.globalStep, epoch: contents.run.epoch)
    let details = EvaluationDetails(evaluation, experiment: experiment)
    report.details = details
    report.facts = NetworkFacts(experiment)
    report.pictures = try experiment.reportPictures(
      experiment.inference(network, offsets: objective.predictionOffsets), details, count: pictures ?? configuration.reporting.pictures)
  }
}
