import Configuration
import Datasets
import Foundation
import Images
import Reports
import Segmentation
import Settings
import Tasks
import Tensors
import Training

/// What `init` chooses for a data set and a machine, and how it writes it down.
struct InitialConfiguration {
  private let layout: RecognizedLayout
  private let survey: DataSurvey
  /// The network's input.
  private(set) var size: ImageSize
  private(set) var batch: Int
  private(set) var width: Int
  private let epochs: Int
  private let split: Split
  private let head: Double
  private let tail: Double
  private let hasTail: Bool
  private let why: String

  /// Chooses.
  /// - Throws: `LongtailError` when the network cannot be compiled.
  init(_ layout: RecognizedLayout, survey: DataSurvey, processor: ProcessorFacts, memory: MemoryFacts) throws {
    (self.layout, self.survey) = (layout, survey)
    let cores = max(1, processor.physicalCores)
    // A long side that a machine of this many cores trains on in hours, not in weeks.
    let longest = cores <= 4 ? 256 : cores <= 16 ? 384 : 512
    size = Self.scaled(survey.typicalSize ?? ImageSize(width: 256, height: 256), longest: longest)
    width = cores <= 8 ? 16 : 32
    let count = survey.dataset.count(of: .train)
    batch = min(8, count)
    split = [Split.validation, .test].first { survey.dataset.count(of: $0) > 0 } ?? .train
    (head, tail, hasTail) = Self.groups(survey.statistics.shares)
    epochs = min(100, max(10, 4000 / max(1, count / batch)))
    why = "\(Formatting.plural(cores, "core")), \(memory.usable >> 30) GiB"

    // The plan knows how much memory it takes, so it is asked and not guessed at.
    while batch > 1 {
      let estimate = try MemoryEstimate(Experiment(configuration()), ranks: 1, usable: memory.usable)
      if memory.usable == 0 || estimate.total < memory.usable / 10 * 8 { break }
      batch /= 2
    }
  }

  /// As large as the image, or smaller, with the same proportions; both sides multiples of 16, by which the network divides.
  static func scaled(_ size: ImageSize, longest: Int) -> ImageSize {
    let scale = min(1, Double(longest) / Double(max(size.width, size.height, 1)))
    func side(_ length: Int) -> Int { max(16, Int((Double(length) * scale / 16).rounded()) * 16) }
    return ImageSize(width: side(size.width), height: side(size.height))
  }

  /// Thresholds of head and tail: the usual ones where they divide the classes, else between the classes that there are.
  static func groups(_ shares: [Double]) -> (head: Double, tail: Double, hasTail: Bool) {
    let present = shares.filter { $0 > 0 }.sorted()
    guard let least = present.first, let most = present.last, least < most else { return (0.10, 0.015, false) }
    let tail = least < 0.015 ? 0.015 : roundedUp(least)
    let head = most >= 0.10 ? max(0.10, tail) : tail
    // Thresholds of few digits may meet between two classes that are almost alike.
    return most >= head && least < tail ? (head, tail, true) : (head, min(tail, head), false)
  }

  private static func roundedUp(_ share: Double) -> Double { ((share * 100).rounded(.down) + 1) / 100 }

  /// What is chosen, as far as memory depends on it.
  private func configuration() throws -> Configuration {
    var configuration = Configuration()
    configuration.data.name = layout.dataset
    configuration.data.root = layout.root
    configuration.data.settings = layout.settings.reduce(into: [:]) { $0[$1.key] = $1.value }
    configuration.data.size = Configuration.Size(width: size.width, height: size.height)
    configuration.model.width = width
    configuration.training.globalBatch = batch
    configuration.evaluation.split = split.shortName
    configuration.objective.name = "pat"
    return configuration
  }

  /// What a person should know at once.
  var summary: String {
    let classes = survey.dataset.classes.count
    let present = survey.statistics.pixels.count { $0 > 0 }
    let read = survey.isPartial ? ", \(Formatting.count(survey.statistics.imageCount)) of the training samples were read" : ""
    return "\(layout.dataset): \(survey.counts) samples, \(classes) classes of which \(present) occur\(read)\n"
      + "network input \(size), batch \(batch), evaluated on \(split.shortName)"
  }

  /// Warnings about the files: what is unusual, though it need not be wrong. A range is chosen already.
  var remarks: [String] {
    var files = survey.statistics.files
    files.values = nil
    return files.remarks + (survey.statistics.palettes.remark.map { [$0] } ?? [])
  }

  /// What becomes black and white where images have 16 bits, with a remark.
  private var range: (value: SettingValue, remark: String)? {
    guard let values = survey.statistics.files.values else { return nil }
    let found = "images of 16 bits hold values from \(values.least) to \(values.greatest); these become black and white"
    return (
      [.int(values.measured.low), .int(values.measured.high)],
      values.hasStrays ? "\(found), but for few values beyond them" : found
    )
  }

  // MARK: YAML

  /// The file.
  func text(path: String, data: String) -> String {
    var file = YAMLText(commentColumn: 38)
    file.comment("Written by longtail init for \(data)")
    file.comment("")
    file.comment("  longtail inspect \(path)    # samples with their labels, classes, and what is wrong")
    file.comment("  longtail train \(path)")
    file.comment("")
    file.comment("Any key can be changed here, or on the command line: --set training.epochs=5")
    addData(to: &file)
    addLearning(to: &file)
    addJudging(to: &file)
    return file.text
  }

  private func addData(to file: inout YAMLText) {
    file.section("data")
    file.key("name", .string(layout.dataset), depth: 1, survey.counts + " samples")
    file.key("root", .string(layout.root), depth: 1)
    let typical = survey.typicalSize.map { " are \($0), or about that," } ?? ""
    file.key(
      "size", pairs: ["width": .int(size.width), "height": .int(size.height)], depth: 1,
      "what the network sees; images\(typical) and are resized; chosen for \(why)")
    if let range { file.key("range", range.value, depth: 1, range.remark) }
    file.key("badFiles", "refuse", depth: 1, "files that cannot be used end the run before it begins; skip does without them")
    if !layout.settings.isEmpty { file.key("settings", nil, depth: 1) }
    for setting in layout.settings {
      if case .map(let entries) = setting.value {
        file.key(setting.key, spread: entries, depth: 2, setting.remark)
      } else {
        file.key(setting.key, setting.value, depth: 2, setting.remark)
      }
    }
    file.key("augmentation", nil, depth: 1)
    file.key("flip", 0.5, depth: 2, "half of the training images are flipped left to right; 0 where left and right differ in meaning")
  }

  private func addLearning(to file: inout YAMLText) {
    file.section("model")
    file.key("name", "unet", depth: 1)
    file.key("width", .int(width), depth: 1, "channels of the first level; 32 and 64 learn more and take longer")
    file.key("batchNorm", "synchronized", depth: 1, "over all ranks, so that their number does not matter")
    file.section("objective")
    file.key("name", "pat", depth: 1, "pixel-wise adaptive training; crossEntropy is the baseline to compare with")
    file.key("settings", nil, depth: 1)
    file.key("exponent", 1, depth: 2, "a pixel's weight is 0.5 exp(exponent (1 - q)), q the probability of its true class")
    file.key("homogenization", "rootMeanSquare", depth: 2, "the gradients of all classes are brought to one size")
    file.key("statistic", "logits", depth: 2, "where a class's gradient is measured")
    file.key("maximumScale", 20, depth: 2, "no class is amplified beyond this")
    file.section("optimizer")
    file.key("name", "adam", depth: 1)
    file.key("learningRate", 1e-3, depth: 1)
    file.section("schedule")
    file.key("name", "cosine", depth: 1, "down to zero, a little in every step")
    file.section("training")
    file.key("epochs", .int(epochs), depth: 1, "passes over the training samples")
    file.key("globalBatch", .int(batch), depth: 1, "samples of a step, over all ranks together")
  }

  private func addJudging(to file: inout YAMLText) {
    file.section("evaluation")
    file.key("split", .string(split.shortName), depth: 1, splitRemark)
    file.key("resolution", "label", depth: 1, "predictions are judged at the labels' own size")
    file.space()
    addGroups(to: &file)
    file.section("checkpoint")
    let main = SegmentationTask.scoreKinds.first { $0.rank == .main }
    let best = [main.map(\.name), hasTail ? main.map { Score($0, of: .group("tail"), nil).name } : nil].compactMap(\.self)
    file.key("best", .list(best.map { .string($0) }), depth: 1, "beside the newest ones, the best by these are kept")
  }

  private var splitRemark: String {
    switch split {
    case .validation: "decides between checkpoints; longtail evaluate RUN --split test scores another split"
    case .test: "there is no validation split: the best checkpoints are chosen on what is reported"
    case .train: "there is no other split: scores say nothing about new images"
    }
  }

  /// The groups, and above them each class with its share.
  private func addGroups(to file: inout YAMLText) {
    let shares = survey.statistics.shares
    let classes = survey.dataset.classes
    let order = shares.indices.sorted { shares[$0] > shares[$1] }
    let listed = order.filter { shares[$0] > 0 }.prefix(40)
    file.comment("Classes by their share of the labelled pixels in \(Formatting.count(survey.statistics.imageCount)) training samples:")
    var line = " "
    for (place, index) in listed.enumerated() {
      let comma = place + 1 < listed.count ? "," : ""
      let entry = " \(classes[index].name) \(Formatting.percent(shares[index])) %\(comma)"
      if line.count + entry.count > 116 {
        file.comment(line)
        line = " "
      }
      line += entry
    }
    file.comment(line)
    let present = order.count { shares[$0] > 0 }
    if present > listed.count { file.comment("  and \(present - listed.count) more") }
    let absent = order.count - present
    if absent > 0 { file.comment("  \(absent) of the \(order.count) classes do\(absent == 1 ? "es" : "") not occur in them") }
    let remark =
      hasTail ? "a class of at least the one share is head, of less than the other tail" : "no class is much rarer than the others"
    file.key("groups", pairs: ["head": .double(head), "tail": .double(tail)], remark)
  }
}
