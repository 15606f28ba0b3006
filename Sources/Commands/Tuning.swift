import Collectives
import Foundation
import Reports
import Runs
import Tasks
import Tensors
import Training

/// A search at work: rung by rung, on all ranks alike. Rank zero reads the scores and tells the others.
struct Tuning {
  private let plan: TuningPlan
  private let communicator: any Communicator
  private var report: TuningReport
  /// Places of the candidates that are still in.
  private var remaining: [Int]

  /// Begins with all candidates.
  /// - Throws: `LongtailError` for rungs that end with the same evaluation.
  init(_ plan: TuningPlan, _ communicator: any Communicator) throws {
    (self.plan, self.communicator) = (plan, communicator)
    report = plan.report()
    for (candidate, shares) in try plan.shares().enumerated() { report.candidates[candidate].shares = shares }
    remaining = Array(plan.candidates.indices)
  }

  /// Trains what is missing, and writes the pages behind every rung. Collective.
  /// - Returns: false when somebody asked to stop.
  /// - Throws: `LongtailError` for whatever ends the search.
  mutating func run() throws -> Bool {
    announce()
    var training = try PlannedTraining(communicator)
    for (rung, share) in plan.halving.rungs.enumerated() {
      var steps: [String: Int] = [:]
      let order = plan.runs.trainingOrder.filter { run in remaining.contains { plan.candidates[$0].name == run.candidate } }
      for (place, planned) in order.enumerated() {
        guard let candidate = remaining.first(where: { plan.candidates[$0].name == planned.candidate }),
          report.candidates[candidate].failure == nil
        else { continue }
        let title = "rung \(rung + 1) of \(plan.halving.rungs.count), run \(place + 1) of \(order.count): \(planned.label)"
        switch try training.train(planned, title: title, pausingAfter: share < 1 ? share : nil) {
        case .done(let step): steps[planned.path] = step
        case .failed(let reason):
          report.candidates[candidate].failure = reason
          report.notes.append("\(reason). The candidate is out.")
        case .stopped: return false
        }
      }
      try takeScores(rung, steps)
      report.doneRungs = rung + 1
      let scores = remaining.map { report.candidates[$0].score(atRung: rung) }
      let kept = plan.halving.survivors(scores, plan.score.kind.direction).map { remaining[$0] }
      if communicator.isRoot { try TuningFiles.write(report, plan, isLast: rung == plan.halving.rungs.count - 1) }
      guard !kept.isEmpty else {
        throw LongtailError(
          .notFinite, "no candidate has a value of \(plan.score.name) after \(share < 1 ? "a share of \(share) of its" : "all") epochs",
          advice: "Look at the runs in \(plan.output): the loss ran away, or the score is undefined on the validation samples.")
      }
      remaining = kept
    }
    return true
  }

  private func announce() {
    guard communicator.isRoot else { return }
    let count = plan.candidates.count
    let runs = plan.runs.runs.count / max(1, count)
    printNow(
      "\(Formatting.plural(count, "candidate")), \(Formatting.plural(runs, "run")) each; "
        + "\(plan.halving.counts(of: count).map(String.init).joined(separator: ", ")) of them on the rungs: "
        + "\(Formatting.percent(plan.halving.cost(of: count, upTo: report.meanShares), decimals: 0)) % of the epochs that all would take "
        + "to the end\n")
    if let longer = report.longerRungs { printNow(longer + "\n") }
  }

  /// Reads the scores of a rung from what the runs wrote, on rank zero, and gives them to all ranks. Collective.
  private mutating func takeScores(_ rung: Int, _ steps: [String: Int]) throws {
    for candidate in remaining where report.candidates[candidate].failure == nil {
      for (place, planned) in plan.runs(of: candidate).enumerated() {
        // A value, and whether there is one.
        var found = [0.0, 0.0]
        if communicator.isRoot, let step = steps[planned.path] {
          let results = try RunResults(readingFrom: planned.path)
          let evaluations = results.evaluations.filter { $0.step <= step }
          if let value = evaluations.last?.value(of: plan.score), value.isFinite { found = [value, 1] }
          report.candidates[candidate].runs[place].curve = evaluations.compactMap { record in
            record.value(of: plan.score).map { (epoch: Double(record.epoch), score: $0) }
          }
        }
        try communicator.sum(&found)
        report.candidates[candidate].runs[place].scores.append(found[1] > 0 ? found[0] : nil)
      }
    }
  }
}

extension EvaluationRecord {
  /// A score of the record; nil where it is undefined, or not in it.
  fileprivate func value(of entry: ScoreTable.Entry) -> Double? {
    if case .class(let name) = entry.subject { return classes.first { $0.name == name }?.value(entry.kind) }
    return scores.value(of: entry.name)
  }
}

/// The files of a search.
enum TuningFiles {
  private static let names = ["tune.html", "tune.md", "tune.csv", "best.yaml"]

  /// Refuses to replace what somebody else wrote.
  /// - Throws: `LongtailError(.usage)`.
  static func requireReplaceable(in directory: String) throws {
    for name in names { try OwnFile.requireReplaceable("\(directory)/\(name)", advice: "Name another --output, or move the file away.") }
  }

  /// Writes the pages, and the best configuration so far.
  /// - Throws: `LongtailError(.inputOutput)`.
  static func write(_ report: TuningReport, _ plan: TuningPlan, isLast: Bool) throws {
    var files = [("tune.html", report.html), ("tune.md", report.markdown), ("tune.csv", report.csv)]
    if let best = report.best, let line = report.bestLine {
      let remarks = [
        "\(OwnFile.configurationMark.dropFirst(2)) tune among \(Formatting.plural(report.candidates.count, "candidate")).", line,
      ]
      if let yaml = plan.yaml(ofCandidate: best.name, remarks: remarks) { files.append(("best.yaml", yaml)) }
    }
    for (name, text) in files {
      let path = "\(plan.output)/\(name)"
      do {
        try FileManager.default.createDirectory(atPath: plan.output, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw LongtailError(
          .inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and space.")
      }
      if isLast { printNow("\(name == "best.yaml" ? "best    " : "report  ") \(path)\n") }
    }
    if isLast, let line = report.bestLine { printNow("\nthe best: \(line)\n") }
  }
}
