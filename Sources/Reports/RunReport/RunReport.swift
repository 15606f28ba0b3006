import Configuration
import Foundation
import Tensors

/// One run on one page: curves, classes, confusions, the best and the worst images, settings, times, and what looks wrong.
///
/// All of it is read from the run's directory; what is not there is left out, and the page says so.
package struct RunReport: Sendable {
  /// What the run wrote down.
  package var results: RunResults
  /// The confusion matrix and the images' scores, where there are any.
  package var details: EvaluationDetails?
  /// The best and the worst images.
  package var pictures = ReportPictures()
  /// What the diagnosis knows of the network.
  package var facts: NetworkFacts
  /// The run's name.
  package var name: String
  /// How the run stands.
  package var state: RunState
  let environment: RunEnvironment?

  /// Reads a run's directory.
  /// - Parameters:
  ///   - path: the directory.
  ///   - name: the heading; by default the directory's name.
  ///   - facts: what the diagnosis knows of the network; nothing when not given.
  /// - Throws: `LongtailError(.missingInput)` where there is no run, `.badData` where a file of it is not what it should be.
  package init(readingFrom path: String, name: String? = nil, facts: NetworkFacts = NetworkFacts()) throws {
    let results = try RunResults(readingFrom: path)
    self.results = results
    self.name = name ?? URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    self.facts = facts
    state = results.state
    environment = try RecordFile.read("\(path)/environment.json")
    // That of an evaluation which a resumed run has undone would not fit the rest.
    if let read = try EvaluationDetails.read(ofRun: path, results.task), read.step == results.last?.step {
      details = read
      pictures = ReportPictures(ofRun: path, read)
    }
  }

  /// What the last evaluation says about weak classes.
  package var diagnosis: TailDiagnosis? { TailDiagnosis(facts, results) }

  /// What a reader has to know before the numbers, the most serious first.
  package var warnings: [String] {
    var lines: [String] = []
    let (done, total) = (results.stepCount, results.totalSteps)
    if state != .finished {
      let place = "step \(Formatting.count(done))" + (total.map { " of \(Formatting.count($0))" } ?? "")
      lines.append(
        state == .running
          ? "The run was still at work when this page was written: \(place)."
          : "The run is not finished: it ended after \(place)" + (results.stopNote.map { " (\($0))" } ?? "") + ".")
    }
    guard let last = results.last else {
      lines.append("There is no evaluation yet: classes, confusions and images are missing.")
      return lines
    }
    if let main = results.task.main, main.unit == .share, let best = results.bestEvaluation, let value = best.main, let now = last.main,
      results.sign * (value - now) > 0.02
    {
      lines.append("\(main.title) was \(main.text(value)) after step \(Formatting.count(best.step)) and is \(main.text(now)) now.")
    }
    let never = last.classes.filter(\.isNeverPredicted).map(\.name)
    if !never.isEmpty {
      let more = never.count > 40 ? " and \(never.count - 40) more" : ""
      lines.append(
        "Never predicted: \(never.prefix(40).joined(separator: ", "))\(more)."
          + (diagnosis == nil ? "" : " The causes are under \"Worth a look\"."))
    }
    let absent = last.classes.filter { $0.count == 0 }.map(\.name)
    if !absent.isEmpty {
      lines.append("Without \(results.task.unit) in the evaluated images, so without a score: \(absent.joined(separator: ", ")).")
    }
    let skipped = results.steps.count(where: \.isSkipped)
    if skipped > 0 { lines.append("\(Formatting.plural(skipped, "step")) left out, since numbers were not finite or far too large.") }
    let spikes = results.steps.count { !$0.spikes.isEmpty }
    if spikes > 0 { lines.append("\(Formatting.plural(spikes, "step")) with a loss or gradient far above those before.") }
    if details == nil {
      lines.append("No confusion matrix and no scores of images: the run did not write them. longtail report --evaluate makes them.")
    }
    return lines
  }
}
