import Configuration
import Foundation
import Tensors

/// What the diagnosis of a run needs to know of its network, beside the logs.
package struct NetworkFacts: Sendable, Equatable {
  /// The factor by which the network's coarsest level is smaller than its input, where known.
  package var stride: Int?
  /// Pixels of the network's input in evaluation, where known.
  package var inputPixels: Int?

  /// Nothing is known.
  package init() {}
}

extension Configuration.Objective {
  /// Whether the gradients of all classes are brought to one size: as the settings say, and without a word there for `pat` alone; of a
  /// weighted sum, its own or those of one of its terms.
  package var homogenizesGradients: Bool {
    settings["homogenization"].map { $0.stringValue != "none" } ?? (name == "pat") || Self.homogenizes(settings["terms"])
  }

  /// Whether a term among these does so, in any of the forms that terms may be written in.
  private static func homogenizes(_ terms: SettingValue?) -> Bool {
    switch terms {
    case .string(let text):
      text.split(separator: ",").contains { $0.split(separator: ":").first?.trimmingCharacters(in: .whitespaces) == "pat" }
    case .list(let terms): terms.contains { homogenizes($0) }
    case .map(let entries):
      entries.contains { key, value in
        switch key {
        case "homogenization": value.stringValue != "none"
        case "name": value.stringValue == "pat" && entries["settings"]?.mapValue?["homogenization"]?.stringValue != "none"
        case "pat": value.mapValue?["homogenization"]?.stringValue != "none"
        default: homogenizes(value)
        }
      }
    default: false
    }
  }
}

extension TailDiagnosis {
  /// Whether it can judge runs of a task: one that counts pixels, and says of each class which share of them is right.
  static func fits(_ task: TaskDescription) -> Bool {
    task.countsPixels && task.scores.contains { $0.name == ClassFacts.accuracyName && $0.scopes.contains(.classes) }
  }

  /// Looks at the last evaluation of a run; nil for one of a task that it cannot judge.
  package init?(_ facts: NetworkFacts, _ results: RunResults) { self.init(facts, [results]) }

  /// Looks at the last evaluations of runs that differ in their seed alone: pixels are added up, shares are means. Nil for runs of a task
  /// that it cannot judge.
  package init?(_ facts: NetworkFacts, _ results: [RunResults]) {
    guard results.allSatisfy({ TailDiagnosis.fits($0.task) }) else { return nil }
    let first = results.first
    self.init(
      ClassFacts.pooled(facts, results),
      run: TailDiagnosis.RunFacts(
        trainingImages: first?.training.imageCount, stride: facts.stride,
        homogenizesGradients: first?.configuration.objective.homogenizesGradients ?? false, objective: first?.configuration.objective.name))
  }

  /// The findings in Markdown: what is said of the whole, a list of classes with their causes, a list of what to try.
  package var markdownLines: [String] {
    var lines = remark.map { [$0, ""] } ?? []
    if !findings.isEmpty {
      lines +=
        findings.map { "- **\($0.className)**\($0.isNeverPredicted ? " (never predicted)" : ""): " + $0.causeText } + ["", "To try:", ""]
      lines += remedies.map { "- for \($0.classNames.joined(separator: ", ")): \($0.remedy)" }
    }
    return lines
  }
}

extension TailDiagnosis.Finding {
  /// All causes in one line.
  var causeText: String { causes.map(\.explanation).joined(separator: "; ") }
}

extension TailDiagnosis.ClassFacts {
  /// The classes of runs that differ in their seed alone, in the data set's order.
  static func pooled(_ facts: NetworkFacts, _ results: [RunResults]) -> [TailDiagnosis.ClassFacts] {
    let records = results.compactMap(\.last)
    guard let training = results.first?.training, let first = records.first else { return [] }
    let shares = results.map(\.gradientShares)
    return first.classes.enumerated().map { k, entry in
      let own = records.compactMap { k < $0.classes.count ? $0.classes[k] : nil }
      let images = k < training.images.count ? training.images[k] : nil
      let pixels = k < training.counts.count ? training.counts[k] : 0
      var confusions: [String: Int] = [:]
      for confusion in own.flatMap(\.takenFor) { confusions[confusion.name, default: 0] += confusion.count }
      let most = confusions.max { ($0.value, $1.key) < ($1.value, $0.key) }
      var extent: Double?
      if let images, images > 0, let whole = training.countPerImage, whole > 0, let input = facts.inputPixels {
        extent = (Double(pixels) / Double(images) * Double(input) / whole).squareRoot()
      }
      return TailDiagnosis.ClassFacts(
        name: entry.name, trainingShare: entry.trainingShare, trainingImages: images, extent: extent,
        gradientShare: SampleStatistics(shares.map { k < $0.count ? $0[k] : nil }).mean,
        pixels: own.reduce(0) { $0 + $1.count }, predictedPixels: own.reduce(0) { $0 + $1.predictedCount },
        correctPixels: own.reduce(0) { $0 + correctPixels(of: $1.count, scores: $1.scores) },
        takenFor: most.map { TailDiagnosis.Confusion($0.key, $0.value) }, scale: SampleStatistics(own.map { $0.diary?.scale }).mean,
        ownProbability: SampleStatistics(own.map { $0.diary?.confidence }).mean)
    }
  }
}
