import Datasets
import Training

/// What is told about a step in which something was wrong.
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

  /// Members for the step's line in the log.
  func details(_ report: StepReport) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if let found = report.nonFinite {
      let pixels = zip(experiment.classNames, found.pixelsPerClass).map { JSONValue.Member($0, .int($1)) }
      members.append(
        .init(
          "notFinite",
          .members([
            "quantity": .string(found.quantity.rawValue), "ranks": .array(found.ranks.map(JSONValue.int)),
            "tensor": found.tensor.map(JSONValue.string) ?? .null,
            "samples": .array(found.samples.map { .string(sampleName($0)) }), "pixels": .object(pixels),
            "ignoredPixels": .int(found.ignoredPixels),
          ])))
    }
    if !report.spikes.isEmpty {
      members.append(.init("spikes", .object(report.spikes.map { .init($0.quantity.rawValue, .double($0.score)) })))
    }
    return members
  }

  private func sampleName(_ index: Int) -> String { experiment.dataset.identifier(split: .train, index: index) }
}
