import Datasets
import Foundation
import Images
import Recognition
import Reports
import Tasks
import Tensors

/// A data set with a class an image, as `inspect` shows it: what it is, counts, problems, and a sheet of images.
struct ImageClassInspection {
  /// What was asked to be looked at.
  let title: String
  /// What was read.
  let sample: ImageSample
  /// Whether a configuration says how images are read.
  let isConfigured: Bool

  private var dataset: LabelledImages { sample.dataset }

  /// What is wrong, and what looks like it.
  var problems: (errors: [String], remarks: [String]) { sample.problems(isRangeKnown: isConfigured) }

  func text(for terminal: Terminal) -> String {
    var lines = [terminal.styled(title, .bold), ""]
    lines.append("data set    \(dataset.name), \(dataset.classes.count) classes")
    lines.append("images      \(sample.counts(Formatting.count))")
    if let sizes = sample.sizes {
      lines.append("sizes       " + (sizes.least == sizes.greatest ? "\(sizes.least)" : "\(sizes.least) to \(sizes.greatest)"))
    }
    lines += ["", groupLine, ""] + table.lines + [""]
    for part in sample.parts where part.isPartial {
      lines.append("\(part.split.shortName): \(Formatting.count(part.images.count)) of \(Formatting.count(part.count)) images were read")
    }
    let (errors, remarks) = problems
    for error in errors { lines.append(terminal.styled("wrong: ", .failure) + error) }
    for remark in remarks { lines.append("note: \(remark)") }
    if errors.isEmpty { lines.append("nothing is wrong with what was read") }
    return lines.joined(separator: "\n") + "\n"
  }

  private var groups: ClassGroups {
    ClassGroups(counts: dataset.classCounts(of: .train).map(Int64.init), moreThan: 100, fewerThan: 20)
  }

  private var groupLine: String {
    let counts = dataset.classCounts(of: .train).filter { $0 > 0 }
    let groups = groups
    return "imbalance   \(Formatting.decimals(Double(counts.max() ?? 0) / Double(max(1, counts.min() ?? 1)), 0)) : 1; "
      + groups.names.map { "\(groups.classes(of: $0).count) \($0)" }.joined(separator: ", ")
  }

  /// Classes that a table lists: all of few, of many those at both ends.
  private static let listed = 60

  private var table: TextTable {
    var table = TextTable(
      columns: [.init("class"), .init("group")] + sample.parts.map { .init($0.split.shortName, isNumeric: true) })
    let counts = sample.parts.map { dataset.classCounts(of: $0.split) }
    let training = dataset.classCounts(of: .train)
    let order = training.indices.sorted { (-training[$0], $0) < (-training[$1], $1) }
    let half = Self.listed / 2
    let shown = order.count <= Self.listed ? order : Array(order.prefix(half)) + Array(order.suffix(half))
    for (place, k) in shown.enumerated() {
      if place == half, shown.count < order.count {
        table.append(["and \(order.count - shown.count) more", ""] + counts.map { _ in "" })
      }
      table.append([dataset.classes[k], groups.name(of: k)] + counts.map { Formatting.count($0[k]) })
    }
    return table
  }

  var json: JSONValue {
    let (errors, remarks) = problems
    let groups = groups
    let counts = Dictionary(uniqueKeysWithValues: sample.parts.map { ($0.split, dataset.classCounts(of: $0.split)) })
    let classes = dataset.classes.enumerated().map { k, name in
      JSONValue.members([
        "index": .int(k), "name": .string(name), "group": .string(groups.name(of: k)),
        "images": .object(sample.parts.map { .init($0.split.rawValue, .int(counts[$0.split]?[k] ?? 0)) }),
      ])
    }
    let splits = sample.parts.map { part in
      JSONValue.members([
        "split": .string(part.split.rawValue), "samples": .int(part.count), "read": .int(part.images.count),
        "badFiles": .int(part.survey.badFiles.count),
      ])
    }
    return .members([
      "task": .string(RecognitionTask.name), "dataset": .string(dataset.name), "classes": .array(classes), "splits": .array(splits),
      "errors": .array(errors.map(JSONValue.string)), "remarks": .array(remarks.map(JSONValue.string)),
    ])
  }
}
