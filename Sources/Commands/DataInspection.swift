import Configuration
import Datasets
import Foundation
import Images
import Reports
import Tensors
import Training

/// A data set as `inspect` shows it: what it is, its label map, counts, problems, and a picture of a few samples.
struct DataInspection {
  /// What was asked to be looked at.
  let title: String
  let dataset: any SegmentationDataset
  /// Each split that has samples.
  let surveys: [DataSurvey]
  /// The size that images are brought to, where a configuration says so.
  private let hasSize: Bool
  /// Whether a configuration says how images are read.
  private let isConfigured: Bool
  /// What recognizing the folder left open.
  private let notes: [String]

  /// Reads samples of all splits.
  init(
    title: String, _ dataset: any SegmentationDataset, hasSize: Bool, isConfigured: Bool, notes: [String] = [], threads: Int
  ) throws {
    (self.title, self.dataset, self.hasSize, self.isConfigured, self.notes) = (title, dataset, hasSize, isConfigured, notes)
    surveys = try Split.allCases.filter { dataset.count(of: $0) > 0 }.map { try DataSurvey(dataset, split: $0, threads: threads) }
    guard !surveys.isEmpty else { throw LongtailError(.missingInput, "\(title): data set '\(dataset.name)' has no samples") }
  }

  /// Everything that is wrong, or looks like it, in sentences; errors end a run before it begins.
  var problems: (errors: [String], remarks: [String]) {
    var errors: [String] = []
    var remarks: [String] = []
    for survey in surveys {
      let counts = survey.statistics
      let split = survey.split.shortName
      errors += counts.badFiles.prefix(LabelStatistics.listedProblems).map { "\(split): \($0.message)" }
      if counts.badFiles.count > LabelStatistics.listedProblems {
        errors.append("\(split): and \(counts.badFiles.count - LabelStatistics.listedProblems) more such files")
      }
      if let error = counts.palettes.error { errors.append("\(split): \(error)") }
      if isConfigured {
        do { try counts.files.requireRange() } catch { errors.append("\(split): \(error)") }
      }
      remarks += counts.remarks.map { "\(split): \($0)" }
      for label in counts.unknown {
        let what = label.colour.map { "colour \($0.hexadecimal)" } ?? "label \(label.label)"
        errors.append("\(split): \(label.source): \(what) at \(label.pixels) pixels is neither a class nor ignored")
      }
      if counts.unknownCount > counts.unknown.count {
        errors.append("\(split): and \(counts.unknownCount - counts.unknown.count) more such cases")
      }
      if counts.imageCount > 0, counts.labelledPixels == 0 {
        // Test labels are often kept back.
        if survey.split == .test { remarks.append("test: no pixel has a class") } else { errors.append("\(split): no pixel has a class") }
      }
      if !hasSize, counts.sizes.count == 2 {
        remarks.append(
          "\(split): images are not of one size, \(counts.sizes[0].size) and \(counts.sizes[1].size): data.size will be needed")
      }
      if survey.split == .train, !survey.isPartial {
        let absent = dataset.classes.indices.filter { counts.pixels[$0] == 0 }.map { dataset.classes[$0].name }
        if !absent.isEmpty, absent.count < dataset.classes.count {
          remarks.append(
            "train: no pixel of \(absent.prefix(12).joined(separator: ", "))\(absent.count > 12 ? " and \(absent.count - 12) more" : "")")
        }
      }
    }
    for (place, survey) in surveys.enumerated() {
      for other in surveys[..<place] {
        guard let shared = SharedImages(other.statistics, of: other.split, survey.statistics, of: survey.split) else { continue }
        remarks.append(shared.message)
      }
    }
    let training = surveys.first { $0.split == .train }
    if let training, !training.isPartial, training.statistics.labelledPixels > 0 {
      do {
        try training.statistics.requireSeveralClasses(of: dataset)
      } catch { errors.append("train: \((error as? LongtailError)?.description ?? "\(error)")") }
      for survey in surveys where survey.split != .train && !survey.isPartial && survey.statistics.labelledPixels > 0 {
        remarks += training.statistics.classesMissing(in: survey.statistics, split: survey.split, of: dataset)
      }
    }
    remarks += notes
    if dataset.count(of: .train) == 0 { errors.append("there are no training samples") }
    if dataset.count(of: .validation) == 0 {
      remarks.append(
        "there is no validation split: set evaluation.split\(dataset.count(of: .test) > 0 ? " to test" : ""), or hold samples out")
    }
    return (errors, remarks)
  }

  // MARK: Text

  func text(for terminal: Terminal) -> String {
    var lines = [terminal.styled(title, .bold), ""]
    let counts = surveys.map { survey in
      "\(Formatting.count(dataset.count(of: survey.split))) \(survey.split.shortName)"
        + (survey.isPartial ? " (\(Formatting.count(survey.statistics.imageCount + survey.statistics.badFiles.count)) read)" : "")
    }
    lines.append("data set    \(dataset.name), \(dataset.classes.count) classes")
    lines.append("samples     \(counts.joined(separator: ", "))")
    if let size = surveys[0].typicalSize {
      lines.append("size        \(size)\(surveys[0].statistics.sizes.count > 1 ? ", and others" : "")")
    }
    lines.append("")
    lines += table.lines
    lines.append("")
    for survey in surveys {
      let counts = survey.statistics
      let all = max(1, counts.labelledPixels + counts.ignoredPixels)
      lines.append(
        "\(survey.split.shortName): \(Formatting.percent(Double(counts.ignoredPixels) / Double(all))) % of the pixels are ignored")
    }
    let (errors, remarks) = problems
    lines.append("")
    for error in errors { lines.append(terminal.styled("wrong: ", .failure) + error) }
    for remark in remarks { lines.append("note: \(remark)") }
    if errors.isEmpty { lines.append("nothing is wrong with what was read") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A line for each class: its numbers in label files, its colour, and its counts.
  private var table: TextTable {
    var table = TextTable(
      columns: [.init("class"), .init("in files"), .init("colour")]
        + surveys.flatMap { [.init("\($0.split.shortName) %", isNumeric: true), .init("of images %", isNumeric: true)] })
    for (index, info) in dataset.classes.enumerated() {
      table.append(
        [info.name, numbers(of: .classIndex(index)), info.colour.hexadecimal]
          + surveys.flatMap { survey -> [String] in
            let counts = survey.statistics
            return [
              Formatting.percent(counts.shares[index]),
              Formatting.percent(Double(counts.images[index]) / Double(max(1, counts.imageCount)), decimals: 1),
            ]
          })
    }
    table.append(["ignored", numbers(of: .ignored), ""] + surveys.flatMap { _ in ["", ""] })
    return table
  }

  /// The numbers in label files that have a meaning: `0-6, 9, 255`.
  private func numbers(of meaning: LabelMap.Meaning) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in 0...255 where dataset.labelMap.meanings[number] == meaning {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
  }

  // MARK: JSON

  var json: JSONValue {
    let (errors, remarks) = problems
    let splits = surveys.map { survey -> JSONValue in
      let counts = survey.statistics
      return .members([
        "split": .string(survey.split.rawValue), "samples": .int(dataset.count(of: survey.split)), "read": .int(counts.imageCount),
        "badFiles": .int(counts.badFiles.count), "ignoredPixels": .int(counts.ignoredPixels),
        "pixels": .array(counts.pixels.map(JSONValue.int)), "images": .array(counts.images.map(JSONValue.int)),
      ])
    }
    let classes = dataset.classes.enumerated().map { index, info in
      JSONValue.members([
        "index": .int(index), "name": .string(info.name), "colour": .string(info.colour.hexadecimal),
        "numbers": .string(numbers(of: .classIndex(index))),
      ])
    }
    return .members([
      "dataset": .string(dataset.name), "classes": .array(classes), "ignoredNumbers": .string(numbers(of: .ignored)),
      "splits": .array(splits),
      "errors": .array(errors.map(JSONValue.string)), "remarks": .array(remarks.map(JSONValue.string)),
    ])
  }

  // MARK: Picture

  /// Samples of the first split, spread over it: the image, its labels in colour, and both together.
  /// - Parameter count: how many, where there are as many that can be used.
  /// - Throws: `.badData` where none can be used.
  func picture(of split: Split?, count: Int) throws -> RGBImage {
    let survey = surveys.first { split == nil || $0.split == split } ?? surveys[0]
    let all = dataset.count(of: survey.split)
    var rows: [Panel.Row] = []
    var present = Set<Int>()
    let places = (0..<min(all, count)).map { all * $0 / min(all, count) }
    // Others step in for those that cannot be read.
    for index in places + (0..<all).filter({ !places.contains($0) }).prefix(50) where rows.count < count {
      // A label without a meaning is shown as ignored; it is named in the text.
      guard let read = try? dataset.examine(split: survey.split, index: index),
        let image = try? read.image ?? dataset.sample(split: survey.split, index: index).image
      else { continue }
      var labels = read.labels
      labels.map(dataset.labelMap.table)
      present.formUnion(labels.histogram().enumerated().filter { $1 > 0 }.map(\.offset))
      let scale = min(1, 320 / Double(max(1, image.width)))
      let size = (width: max(1, Int(Double(image.width) * scale)), height: max(1, Int(Double(image.height) * scale)))
      let small = (
        image: image.resized(width: size.width, height: size.height), labels: labels.resized(width: size.width, height: size.height)
      )
      var row = Panel.Row(input: small.image, truth: small.labels, prediction: small.labels)
      row.overlay = try Overlay.blend(small.image, small.labels, palette: dataset.classes.map(\.colour), outlines: true)
      rows.append(row)
    }
    guard !rows.isEmpty else { throw LongtailError(.badData, "no \(survey.split.shortName) sample can be shown") }
    // Of many classes the legend shows those that occur.
    let shown = dataset.classes.indices.filter { dataset.classes.count <= 24 || present.contains($0) }
    var panel = Panel(
      rows: rows, classNames: dataset.classes.map(\.name), palette: dataset.classes.map(\.colour),
      caption: "\(dataset.name) \(survey.split.shortName)")
    panel.titles = ["image", "labels", "both"]
    panel.legend = shown
    return try panel.image()
  }
}
