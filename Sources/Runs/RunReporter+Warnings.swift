import Datasets
import Reports
import Training

/// Warnings about a step in which something was wrong.
extension RunReporter {
  /// Lines for a person.
  func warnings(_ report: StepReport) -> [String] {
    var lines: [String] = []
    if let found = report.nonFinite {
      lines.append("left out: " + found.text(sampleName: sampleName, classNames: experiment.classNames))
    }
    for spike in report.spikes {
      let what = spike.quantity == .loss ? "loss" : "gradient norm"
      lines.append(
        "step \(report.step): \(what) \(Formatting.significant(spike.value, 4)) is \(Formatting.significant(spike.score, 3)) standard deviations "
          + "above the last \(Spike.window) steps" + (report.isSkipped ? "; the step is left out" : ""))
    }
    return lines
  }

  /// What was not finite, for the step's line in the log.
  func notFinite(_ found: NonFiniteReport) -> StepRecord.NotFinite {
    StepRecord.NotFinite(
      quantity: found.quantity.rawValue, ranks: found.ranks, tensor: found.tensor, samples: found.samples.map(sampleName),
      rows: zip(experiment.classNames, found.pixelsPerClass).map { NamedNumber($0, Double($1)) }, ignoredRows: found.ignoredPixels)
  }

  private func sampleName(_ index: Int) -> String { experiment.dataset.identifier(split: .train, index: index) }
}
