import Checkpoints
import Datasets
import Foundation
import Images
import Reports
import Tasks
import Tensors
import Training

/// Writes down how a run goes, on rank zero: a progress line, `log.jsonl`, the table of classes, pictures.
package final class RunReporter: TrainingObserver {
  let experiment: Experiment
  private let task: TaskDescription
  private let statistics: ClassStatistics
  private let directory: RunDirectory
  private let terminal: Terminal
  private let write: (String) -> Void
  private let progress: ProgressLine
  private var log: JSONLines?
  private var classLog: JSONLines?
  private var tensorBoard: TensorBoardLog?
  private var start = TrainingStart()

  /// The last evaluation, as tables show it.
  package private(set) var evaluation: EvaluationRecord?
  /// The newest picture.
  package private(set) var picturePath: String?

  /// Prepares; files are opened when training starts.
  /// - Parameters:
  ///   - terminal: where progress is shown.
  ///   - write: takes what people see.
  package init(
    _ experiment: Experiment, statistics: ClassStatistics, directory: RunDirectory, terminal: Terminal, write: @escaping (String) -> Void
  ) {
    self.experiment = experiment
    task = TaskDescription(experiment.task)
    self.statistics = statistics
    self.directory = directory
    self.terminal = terminal
    self.write = write
    progress = ProgressLine(terminal: terminal, every: experiment.configuration.reporting.every, write: write)
  }

  /// Opens the logs, cutting off what a resumed run will do again.
  package func trainingWillStart(_ start: TrainingStart) throws {
    self.start = start
    for note in start.resumed { progress.print(note) }
    diary = ClassDiarySums(classes: experiment.classNames.count)
    if start.firstStep > 0, let kept = try ClassDiarySums.read(directory.diaryPath, atStep: start.firstStep, classes: diary.classes) {
      diary = kept
    }
    // Most runs save behind evaluations alone, and need no such file.
    diaryLog = nil
    if FileManager.default.fileExists(atPath: directory.diaryPath) { try openDiary() }
    log = try JSONLines(path: directory.logPath, cuttingFrom: start.firstStep + 1)
    classLog = try JSONLines(path: directory.classLogPath, cuttingFrom: start.firstStep + 1)
    if experiment.configuration.reporting.tensorboard {
      tensorBoard = try TensorBoardLog(directory, cuttingFrom: start.firstStep + 1)
      if let damage = tensorBoard?.damage { progress.print("warning: \(damage)") }
    }
    progress.print(
      "\(Formatting.count(start.parameterCount)) parameters, \(Formatting.bytes(start.arenaByteCount)) of activations a rank; "
        + "gradients: \(start.reduction)")
  }

  /// A line on the screen.
  package func didNote(_ text: String) { progress.print(text) }

  /// One line in the log, one on the screen.
  package func didStep(_ report: StepReport) throws {
    var record = StepRecord()
    record.step = report.step
    record.totalSteps = start.totalSteps
    record.epoch = report.epoch + 1
    record.totalEpochs = start.epochs
    record.samples = report.consumedSamples
    record.images = report.images
    record.validRows = report.validPixels
    record.loss = report.loss
    record.terms = report.auxiliaryLoss.map { [NamedNumber("auxiliary", $0)] } ?? []
    record.learningRate = report.learningRate
    record.gradientNorm = report.gradientNorm
    record.bytesReduced = report.bytesReduced
    record.isSkipped = report.isSkipped
    record.notFinite = report.nonFinite.map(notFinite)
    record.spikes = report.spikes.map { NamedNumber($0.quantity.rawValue, $0.score) }
    record.seconds = report.seconds
    var phases: [NamedNumber] = []
    for phase in report.phases {
      if let known = phases.firstIndex(where: { $0.name == phase.name }) {
        phases[known].value += phase.seconds
      } else {
        phases.append(NamedNumber(phase.name, phase.seconds))
      }
    }
    record.phases = phases
    try toleratingFullDisk { try log?.append(record) }
    try toleratingFullDisk { try tensorBoard?.note(record) }
    if !report.isSkipped {
      lastStep = report
      diary.add(rows: report.pixelsPerClass, gradientNorms: report.gradientNormPerClass, scales: report.scalePerClass)
    }
    for warning in warnings(report) { progress.print("warning: \(warning)") }
    progress.update(record)
  }

  private var lastStep: StepReport?
  /// What the diary of the classes has added up since the last evaluation.
  private var diary = ClassDiarySums(classes: 0)
  private var diaryLog: JSONLines?

  private func openDiary() throws {
    diaryLog = try JSONLines(path: directory.diaryPath, cuttingFrom: start.firstStep + 1)
  }

  /// The evaluation in the log of classes, a line on the screen, a picture.
  package func didEvaluate(_ report: EvaluationReport, learner: Learner) throws {
    let moments = try learner.classifierMoments()
    let entries = (0..<diary.classes).map { k in
      diary.diary(
        ofClass: k, confidence: k < report.confidencePerClass.count ? report.confidencePerClass[k] : nil,
        moments: moments.compactMap { moment in k < moment.norms.count ? NamedNumber(moment.name, moment.norms[k]) : nil })
    }
    diary = ClassDiarySums(classes: diary.classes)
    let record = EvaluationRecord(report, experiment: experiment, statistics: statistics, lastStep: lastStep, diary: entries)
    evaluation = record
    try toleratingFullDisk { try classLog?.append(record) }
    let details = EvaluationDetails(report, experiment: experiment)
    try toleratingFullDisk { try directory.writeEvaluation(details) }
    progress.print("epoch \(report.epoch): \(summary(record))  (\(report.images) images, \(Formatting.duration(report.seconds)))")
    if let tensorBoard {
      try toleratingFullDisk { try tensorBoard.note(record) }
      try toleratingFullDisk { try tensorBoard.note(step: report.step, learner.judgedNetwork.canonicalTensors(of: learner.judged.values)) }
      do {
        try tensorBoard.note(step: report.step, try panels(learner))
      } catch {
        progress.print("warning: no pictures for TensorBoard: \(error)")
      }
    }
    let isLast = report.step == start.totalSteps
    if isLast, experiment.configuration.reporting.pictures > 0 {
      do {
        let network = inference(learner)
        picturePath = try directory.writePicture(try panel(network), step: report.step)
        try experiment.reportPictures(network, details, count: experiment.configuration.reporting.pictures)
          .write(to: directory, step: report.step)
      } catch {
        // A picture is not worth a run.
        progress.print("warning: no picture: \(error)")
      }
    }
  }

  /// Brings the logs to the disk: a run that goes on from the checkpoint counts on their lines.
  package func willSave(step: Int) throws {
    try toleratingFullDisk {
      try log?.synchronize()
      try classLog?.synchronize()
      try tensorBoard?.synchronize()
    }
    guard diary.steps > 0 else { return }
    diary.step = step
    try toleratingFullDisk {
      if diaryLog == nil { try openDiary() }
      try diaryLog?.append(diary)
      try diaryLog?.synchronize()
    }
  }

  /// Notes the best evaluations so far.
  package func didSave(step: Int, best: [RunRecord.Best]) throws {
    try toleratingFullDisk { try directory.writeBest(BestRecord(best.map { ($0.metric, .init(value: $0.value, step: $0.step)) })) }
  }

  /// Warns of a checkpoint that could not be written.
  package func didFailToSave(_ failure: CheckpointWriter.Failure, allowed: Int) throws {
    let text = (failure.error as? LongtailError)?.message ?? "\(failure.error)"
    let count =
      failure.isPublished
      ? "older ones stay" : "training goes on (failure \(failure.failuresInARow) in a row; \(allowed) end the run)"
    progress.print("warning: \(text); \(count)")
  }

  /// Does something with a file of the run. A full disk is warned of once and is no reason to stop: logs keep their lines and write them
  /// later, and whether the run may go on is for its checkpoints to decide.
  private func toleratingFullDisk(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as LongtailError where error.code == .inputOutput {
      if warned.insert(error.message).inserted { progress.print("warning: \(error.message); training goes on") }
    }
  }

  private var warned: Set<String> = []

  /// Prints and writes the table of classes, closes the logs.
  package func finish(_ summary: TrainingSummary) throws {
    progress.finish()
    try log?.close()
    try classLog?.close()
    try toleratingFullDisk { try diaryLog?.close() }
    try toleratingFullDisk { try tensorBoard?.close() }
    defer { write("digest   \(summary.digest)\n") }
    if summary.wasStopped {
      write("stopped \(summary.stopReason) after step \(Formatting.count(summary.steps)), which is saved; go on with --resume auto\n")
      return
    }
    if summary.wasPaused {
      write("paused after step \(Formatting.count(summary.steps)) of \(Formatting.count(start.totalSteps)), which is saved\n")
      return
    }
    // A run that was at its end already has its table.
    guard let evaluation else {
      write("\(directory.path) is finished: \(Formatting.plural(summary.steps, "step")). Nothing was left to do.\n")
      return
    }
    if let reason = summary.earlyEnd { write("ended after step \(Formatting.count(summary.steps)): \(reason)\n") }
    let table = ClassTable(evaluation)
    let diagnosis = TailDiagnosis(NetworkFacts(experiment), try RunResults(readingFrom: directory.path))
    write("\n" + table.text(for: terminal) + "\n")
    if let diagnosis, !diagnosis.isEmpty {
      write("Worth a look, with the likely causes:\n" + diagnosis.lines.joined(separator: "\n") + "\n\n")
    }
    try directory.writeFinalTable(evaluation, title: experiment.configuration.name, diagnosis: diagnosis)
    write("table    \(directory.file("final-table.md"))\n")
    if let picturePath { write("picture  \(picturePath)\n") }
    do {
      let report = try RunReport(readingFrom: directory.path, name: experiment.configuration.name, facts: NetworkFacts(experiment))
      write("report   \(try directory.writeReport(report))\n")
    } catch {
      // All that it shows lies in the directory: it can be made again.
      write("warning: no report: \(error)\n")
    }
  }

  /// The scores of an evaluation in a line: the main one, that of each group, the first of the others.
  private func summary(_ record: EvaluationRecord) -> String {
    guard let main = task.main else { return "" }
    var parts = record.main.map { ["\(main.title) \(main.text($0))"] } ?? []
    parts += record.groups.compactMap { group in record.main(ofGroup: group).map { "\(group) \(main.text($0))" } }
    if let other = task.listed.first(where: { $0.rank != .main }), let value = record.value(other) {
      parts.append("\(other.title) \(other.text(value))")
    }
    return parts.joined(separator: "  ")
  }

  private func inference(_ learner: Learner) -> InferenceNetwork {
    experiment.inference(learner.judgedNetwork, parameters: learner.judged, offsets: learner.objective.predictionOffsets)
  }

  /// Evaluation images with truth and prediction side by side: those that show most of the rarest classes.
  private func panel(_ network: InferenceNetwork) throws -> Panel {
    let figures = try shownImages().map { try experiment.task.figure(experiment.evaluationSplit, index: $0, network) }
    return panel(figures, caption: experiment.configuration.name)
  }

  /// The same images, each in a picture of its own, with their names.
  private func panels(_ learner: Learner) throws -> [(name: String, panel: Panel)] {
    let network = inference(learner)
    return try shownImages().map { index in
      let figure = try experiment.task.figure(experiment.evaluationSplit, index: index, network)
      return (figure.name, panel([figure], caption: ""))
    }
  }

  private func panel(_ figures: [ImageFigure], caption: String) -> Panel {
    let rows = figures.map(Panel.Row.init)
    var panel = Panel(rows: rows, classNames: experiment.classNames, palette: experiment.palette, caption: caption)
    // Where nothing is drawn in the classes' colours, there is nothing to explain.
    if rows.allSatisfy({ $0.drawnTruth != nil && $0.overlay != nil }) { panel.legend = [] }
    return panel
  }

  /// The images that pictures show; looked for once, since the labels of many are read for it.
  private func shownImages() throws -> [Int] {
    if let showcase { return showcase }
    let found = try experiment.task.showcase(
      experiment.evaluationSplit, groups: statistics.groups, count: experiment.configuration.reporting.pictures)
    showcase = found
    return found
  }

  private var showcase: [Int]?
}
