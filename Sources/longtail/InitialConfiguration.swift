import Configuration
import Datasets
import Foundation
import Images
import Reports
import Segmentation
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
    // A long side that a machine of so many cores trains on in hours, not in weeks.
    let longest = cores <= 4 ? 256 : cores <= 16 ? 384 : 512
    size = Self.scaled(survey.typicalSize ?? ImageSize(width: 256, height: 256), longest: longest)
    width = cores <= 8 ? 16 : 32
    let count = survey.dataset.count(of: .train)
    batch = min(8, count)
    split = [Split.validation, .test].first { survey.dataset.count(of: $0) > 0 } ?? .train
    (head, tail, hasTail) = Self.groups(survey.statistics.shares)
    epochs = min(100, max(10, 4000 / max(1, count / batch)))
    why = "\(Formatting.plural(cores, "core")), \(memory.usable >> 30) GiB"

    // The plan tells what memory it takes, so it is asked and not guessed at.
    while batch > 1 {
      let estimate = try MemoryEstimate(Experiment(configuration()), ranks: 1, usable: memory.usable)
      if memory.usable == 0 || estimate.total < memory.usable / 10 * 8 { break }
      batch /= 2
    }
  }

  /// As large as the picture, or smaller, with the same proportions; both sides multiples of 16, by which the network divides.
  static func scaled(_ size: ImageSize, longest: Int) -> ImageSize {
    let scale = min(1, Double(longest) / Double(max(size.width, size.height, 1)))
    func side(_ length: Int) -> Int { max(16, Int((Double(length) * scale / 16).rounded()) * 16) }
    return ImageSize(width: side(size.width), height: side(size.height))
  }

  /// Thresholds of head and tail: the usual ones where they tell classes apart, else between the classes that there are.
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

  /// What somebody should know of the files, though it need not be wrong. A range is chosen already.
  var remarks: [String] {
    var files = survey.statistics.files
    files.values = nil
    return files.remarks + (survey.statistics.palettes.remark.map { [$0] } ?? [])
  }

  /// The line of `data.range`, where images have 16 bits.
  private var range: (text: String, remark: String)? {
    guard let values = survey.statistics.files.values else { return nil }
    let found = "images of 16 bits hold values from \(values.least) to \(values.greatest); these become black and white"
    return ("  range: \(values.measured)", values.hasStrays ? "\(found), but for few values beyond them" : found)
  }

  // MARK: YAML

  /// The file.
  func text(path: String, data: String) -> String {
    var lines = [
      "# Written by longtail init for \(data)", "#",
      "#   longtail inspect \(path)    # samples with their labels, classes, and what is wrong",
      "#   longtail train \(path)", "#", "# Any key can be changed here, or on the command line: --set training.epochs=5", "", "data:",
    ]
    func add(_ text: String, _ remark: String = "") {
      let padding = String(repeating: " ", count: max(1, 38 - text.count))
      lines.append(remark.isEmpty ? text : "\(text)\(padding)# \(remark)")
    }
    add("  name: \(layout.dataset)", survey.counts + " samples")
    add("  root: \(YAMLText.value(.string(layout.root)))")
    let typical = survey.typicalSize.map { " are \($0), or about that," } ?? ""
    add(
      "  size: {width: \(size.width), height: \(size.height)}",
      "what the network sees; pictures\(typical) and are resized; chosen for \(why)")
    if let range { add(range.text, range.remark) }
    add("  badFiles: refuse", "files that cannot be used end the run before it begins; skip does without them")
    if !layout.settings.isEmpty { lines.append("  settings:") }
    for setting in layout.settings {
      if case .map(let entries) = setting.value {
        add("    \(setting.key):", setting.remark)
        for (key, value) in entries.sorted(by: YAMLText.order) { add("      \(YAMLText.quoted(key)): \(YAMLText.value(value))") }
      } else {
        add("    \(setting.key): \(YAMLText.value(setting.value))", setting.remark)
      }
    }
    lines.append("  augmentation:")
    add("    flip: 0.5", "half of the training pictures are flipped left to right; 0 where left and right differ in meaning")
    lines += ["", "model:", "  name: unet"]
    add("  width: \(width)", "channels of the first level; 32 and 64 learn more and take longer")
    add("  batchNorm: synchronized", "over all ranks, so that their number does not matter")
    lines += ["", "objective:"]
    add("  name: pat", "pixel-wise adaptive training; crossEntropy is the baseline to compare with")
    lines.append("  settings:")
    add("    exponent: 1", "a pixel's weight is 0.5 exp(exponent (1 - q)), q the probability of its true class")
    add("    homogenization: rootMeanSquare", "the gradients of all classes are brought to one size")
    add("    statistic: logits", "where a class's gradient is measured")
    add("    maximumScale: 20", "no class is amplified beyond this")
    lines += ["", "optimizer:", "  name: adam", "  learningRate: 1e-3", "", "schedule:"]
    add("  name: cosine", "down to zero, a little in every step")
    lines += ["", "training:"]
    add("  epochs: \(epochs)", "passes over the training samples")
    add("  globalBatch: \(batch)", "samples of a step, over all ranks together")
    lines += ["", "evaluation:"]
    add("  split: \(split.shortName)", splitRemark)
    add("  resolution: label", "predictions are judged at the labels' own size")
    lines += [""] + groupLines
    lines += ["", "checkpoint:"]
    let main = SegmentationTask.scoreKinds.first { $0.rank == .main }
    let best = [main.map(\.name), hasTail ? main.map { Score($0, of: .group("tail"), nil).name } : nil].compactMap(\.self)
    add("  best: [\(best.joined(separator: ", "))]", "beside the newest ones, the best by these are kept")
    return lines.joined(separator: "\n") + "\n"
  }

  private var splitRemark: String {
    switch split {
    case .validation: "decides between checkpoints; longtail evaluate RUN --split test scores another split"
    case .test: "there is no validation split: the best checkpoints are chosen on what is reported"
    case .train: "there is no other split: scores say nothing about new pictures"
    }
  }

  /// The groups, and above them each class with its share.
  private var groupLines: [String] {
    let shares = survey.statistics.shares
    let classes = survey.dataset.classes
    let order = shares.indices.sorted { shares[$0] > shares[$1] }
    let listed = order.filter { shares[$0] > 0 }.prefix(40)
    var lines = [
      "# Classes by their share of the labelled pixels in \(Formatting.count(survey.statistics.imageCount)) training samples:"
    ]
    var line = "#  "
    for (place, index) in listed.enumerated() {
      let comma = place + 1 < listed.count ? "," : ""
      let entry = " \(classes[index].name) \(Formatting.percent(shares[index])) %\(comma)"
      if line.count + entry.count > 118 {
        lines.append(line)
        line = "#  "
      }
      line += entry
    }
    lines.append(line)
    let present = order.count { shares[$0] > 0 }
    if present > listed.count { lines.append("#   and \(present - listed.count) more") }
    let absent = order.count - present
    if absent > 0 { lines.append("#   \(absent) of the \(order.count) classes do\(absent == 1 ? "es" : "") not occur in them") }
    let remark =
      hasTail ? "a class of at least the one share is head, of less than the other tail" : "no class is much rarer than the others"
    return lines + ["groups: {head: \(head), tail: \(tail)}     # \(remark)"]
  }
}

/// Values as YAML writes them in one line.
enum YAMLText {
  /// A value; mappings and lists in braces and brackets.
  static func value(_ value: SettingValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    case .string(let text): plain(text)
    case .list(let values): "[" + values.map(self.value).joined(separator: ", ") + "]"
    case .map(let entries):
      "{" + entries.sorted(by: order).map { "\(quoted($0.key)): \(self.value($0.value))" }.joined(separator: ", ") + "}"
    }
  }

  /// Keys that are numbers by their size, others as texts.
  static func order(_ one: (key: String, value: SettingValue), _ other: (key: String, value: SettingValue)) -> Bool {
    (Int(one.key) ?? Int.max, one.key) < (Int(other.key) ?? Int.max, other.key)
  }

  /// A text in quotes, unless it is plainly a number.
  static func quoted(_ text: String) -> String {
    if Int(text) != nil { return text }
    let escaped = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      default: scalar.value < 32 ? "\\x\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))" : String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }

  /// A text without quotes where nobody could take it for anything else.
  private static func plain(_ text: String) -> String {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    guard let first = text.unicodeScalars.first, ("a"..."z").contains(first) || ("A"..."Z").contains(first) || first == "/",
      text.unicodeScalars.allSatisfy({ $0.isASCII && ($0.properties.isAlphabetic || "0123456789_-./ ".unicodeScalars.contains($0)) }),
      !text.hasSuffix(" "), !words.contains(text.lowercased())
    else { return Int(text) == nil ? quoted(text) : "\"\(text)\"" }
    return text
  }
}
