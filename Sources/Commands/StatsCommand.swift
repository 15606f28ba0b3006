import ArgumentParser
import Collectives
import Configuration
import Datasets
import Detection
import Foundation
import Recognition
import Tasks
import Reports
import Tensors
import Training

/// `longtail stats`: how long the tail is.
struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Counts what each class has in pixels, images or instances, and says which are frequent and which rare.",
    discussion: """
      Of annotations of objects, which are COCO or LVIS json, a folder of VOC's xml or YOLO's text files, or a data.yaml, it counts boxes, \
      images and areas. longtail inspect lists what is wrong with them.
      """)

  @Argument(help: "The configuration, a YAML file; or annotations of objects.", completion: .file(extensions: ["yaml", "yml", "json"]))
  var config: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the configuration; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Option(help: "The split that is counted: train, val or test; of annotations only a data.yaml has splits.")
  var split = "train"

  @Option(help: ArgumentHelp("Of YOLO's files: where the images are; by default they are looked for.", valueName: "dir"))
  var images: String?

  @Flag(help: "Shows beside the counts how often data.sampler is expected to show each class, over the whole run: exact, not measured.")
  var sampler = false

  @Option(
    help: ArgumentHelp(
      "Writes the names of all samples of each split as lists, train.txt and so on, for data.split or a data set's own settings.",
      valueName: "dir"))
  var lists: String?

  @Flag(help: "Prints JSON instead of a table.")
  var json = false

  func run() throws {
    Job.run { communicator in
      if try countAnnotations(communicator) { return }
      var configuration = try Configuration.load(config, overrides: overrides)
      if let split = Split(argument: split) { configuration.evaluation.split = split.shortName }
      let experiment = try Experiment.open(configuration, communicator: communicator)
      guard let split = Split(argument: split) else {
        throw LongtailError(.usage, "there is no split '\(split)'", advice: "Known: train, val, test.")
      }
      if sampler, split != .train {
        throw LongtailError(.usage, "--sampler is about training samples, not split '\(split.shortName)'", advice: "Leave --split out.")
      }
      if let lists, communicator.isRoot { try SampleListFiles.write(experiment, to: lists) }
      let statistics = try ClassStatistics.collect(
        experiment, split: split, keepsSamples: sampler, communicator: communicator, record: nil,
        threads: max(2, experiment.configuration.data.loader.threads))
      if communicator.isRoot {
        let expected = sampler ? try SamplerExpectation(experiment, statistics) : nil
        printNow(
          json
            ? object(experiment, statistics, expected).pretty
            : experiment.skippedSamples + table(experiment, statistics, expected)
              + experiment.remarks(on: [statistics.audit]).map { "warning: \($0)\n" }.joined())
        if !json, let warning = Self.warning(experiment, split, statistics.audit.statistics) { printNow("warning: \(warning)\n") }
      }
    }
  }

  /// Counts annotations of objects, where the path names some.
  private func countAnnotations(_ communicator: any Communicator) throws -> Bool {
    guard FileManager.default.fileExists(atPath: config), AnnotationInspection.recognizes(config) else { return false }
    try communicator.requireOneProcess(for: "stats of annotations")
    let isDataFile = config.hasSuffix(".yaml") || config.hasSuffix(".yml")
    let reading = try AnnotationFormat.read(config, imageFolder: images, split: isDataFile ? split : nil, checksImages: false)
    let inspection = AnnotationInspection(title: config, reading)
    printNow(json ? inspection.json.pretty : inspection.statistics)
    if !reading.faults.isEmpty, !json {
      let entries = Formatting.plural(reading.faults.count, "fault")
      FileHandle.standardError.write(Data("\(entries) found: longtail inspect lists them\n".utf8))
    }
    return true
  }

  private func table(_ experiment: Experiment, _ statistics: ClassStatistics, _ expected: SamplerExpectation?) -> String {
    let counts = statistics.audit.statistics
    // Where images are counted, columns of images would say the same twice.
    let margins = experiment.task.countUnit == .images ? ClassMargins(counts: counts.pixels) : nil
    var columns: [TextTable.Column] = [
      .init("class"), .init("group"), .init(experiment.task.countUnit.name, isNumeric: true), .init("share %", isNumeric: true),
    ]
    for title in margins == nil ? ["images", "of images %"] : ["log share", "margin"] { columns.append(.init(title, isNumeric: true)) }
    var table = TextTable(columns: columns + (expected == nil ? [] : SamplerExpectation.columns))
    for k in counts.pixels.indices.sorted(by: { counts.pixels[$0] > counts.pixels[$1] }) {
      var cells = [
        experiment.classNames[k], statistics.groups.name(of: k), Formatting.count(counts.pixels[k]), Formatting.percent(counts.shares[k]),
      ]
      if let margins {
        cells += [margins.shifts[k], margins.margins[k]].map { value in value.map { Formatting.decimals($0, 2) } ?? "-" }
      } else {
        let share = Double(counts.images[k]) / Double(max(1, counts.imageCount))
        cells += [Formatting.count(counts.images[k]), Formatting.percent(share, decimals: 1)]
      }
      table.append(cells + (expected?.cells(of: k) ?? []))
    }
    var totals: [String] = [Formatting.plural(counts.imageCount, "image")]
    if experiment.task.countUnit != .images {
      totals.append("\(Formatting.count(counts.labelledPixels)) labelled \(experiment.task.countUnit.name)")
    }
    totals.append("\(Formatting.count(counts.ignoredPixels)) ignored; \(Self.spread(experiment, counts))")
    var text = table.lines.joined(separator: "\n") + "\n\n" + totals.joined(separator: ", ") + "\n"
    if let margins { text += Self.explanation(margins) }
    if let expected { text += "\(expected.summary)\n" }
    return text
  }

  /// What the columns of margins mean.
  private static func explanation(_ margins: ClassMargins) -> String {
    let share = Formatting.percent(margins.boundShare, decimals: 0)
    return "log share is what balancedSoftmax adds to a class's score in training; with margins in proportion to n^(-1/4) the bound of the "
      + "balanced error is \(share) % of that with equal ones\n"
  }

  /// What training would say of these labels.
  private static func warning(_ experiment: Experiment, _ split: Split, _ counts: LabelStatistics) -> String? {
    do {
      if split == .train { try experiment.task.requireTrainable(counts) }
      try experiment.task.requireJudgeable(counts, split: split)
      return nil
    } catch { return "\(error)" }
  }

  /// How far the most frequent class is from the rarest one that occurs, and which do not.
  private static func spread(_ experiment: Experiment, _ counts: LabelStatistics) -> String {
    let absent = counts.pixels.indices.filter { counts.pixels[$0] == 0 }.map { experiment.classNames[$0] }
    let present = counts.pixels.count - absent.count
    let ratio = "head to tail \(Formatting.decimals(headToTail(counts), 0)) : 1"
    if absent.isEmpty { return ratio }
    let names = absent.prefix(8).joined(separator: ", ") + (absent.count > 8 ? " and \(absent.count - 8) more" : "")
    return (present > 1 ? "\(ratio) among the \(present) classes that occur; " : "")
      + "no \(experiment.task.countUnit == .pixels ? "pixel" : experiment.task.countUnit.name) of \(names)"
  }

  /// What was counted, by class with its name and group; `statistics` holds the plain counts in the order of the classes.
  private func object(_ experiment: Experiment, _ statistics: ClassStatistics, _ expected: SamplerExpectation?) -> JSONValue {
    let audit = statistics.audit
    let counts = audit.statistics
    let margins = experiment.task.countUnit == .images ? ClassMargins(counts: counts.pixels) : nil
    let classes = experiment.dataset.classes.enumerated().map { k, info in
      let members: [JSONValue.Member] = [
        .init("index", .int(k)), .init("name", .string(info.name)), .init("group", .string(statistics.groups.name(of: k))),
        .init("colour", .string(info.colour.hexadecimal)), .init("pixels", .int(counts.pixels[k])),
        .init("share", .double(counts.shares[k])),
        .init("images", .int(counts.images[k])),
        .init("shareOfImages", .double(Double(counts.images[k]) / Double(max(1, counts.imageCount)))),
      ]
      let limits: [JSONValue.Member] =
        margins.map { margins in
          [
            JSONValue.Member("logShare", JSONValue.number(margins.shifts[k])),
            JSONValue.Member("margin", JSONValue.number(margins.margins[k])),
          ]
        } ?? []
      return JSONValue.object(members + limits + (expected?.members(of: k) ?? []))
    }
    let groups = statistics.groups.names.map { group in
      JSONValue.Member(
        group, .array(statistics.groups.classes(of: group).map { .string(experiment.classNames[$0]) }))
    }
    let whole = JSONValue.members([
      "dataset": .string(audit.dataset), "split": .string(audit.split.rawValue), "digest": .string(audit.digest),
      "images": .int(counts.imageCount), "labelledPixels": .int(counts.labelledPixels), "ignoredPixels": .int(counts.ignoredPixels),
      "headToTail": .double(Self.headToTail(counts)), "remarks": .array(experiment.remarks(on: [audit]).map(JSONValue.string)),
      "measuredRange": counts.files.values.map { .array([.int($0.measured.low), .int($0.measured.high)]) } ?? .null,
      "classes": .array(classes), "groups": .object(groups),
      "statistics": .members([
        "pixels": .array(counts.pixels.map(JSONValue.int)), "images": .array(counts.images.map(JSONValue.int)),
        "ignoredPixels": .int(counts.ignoredPixels), "imageCount": .int(counts.imageCount),
      ]),
    ])
    guard case .object(let members) = whole, let expected else { return whole }
    return .object(members + [.init("sampler", expected.json)])
  }

  /// Pixels of the most frequent class for one of the rarest that occurs.
  private static func headToTail(_ counts: LabelStatistics) -> Double {
    let present = counts.pixels.filter { $0 > 0 }
    return Double(present.max() ?? 0) / Double(max(1, present.min() ?? 1))
  }
}
