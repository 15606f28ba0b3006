import Detection
import Foundation
import Reports
import Tensors

/// Annotations of objects as `inspect` and `stats` show them.
struct AnnotationInspection {
  /// What was asked to be looked at.
  let title: String
  let reading: AnnotationReading
  private let counts: AnnotationCounts

  /// Faults of one kind that the text lists; JSON has all.
  private static let listedFaults = 40

  init(title: String, _ reading: AnnotationReading) {
    (self.title, self.reading) = (title, reading)
    counts = AnnotationCounts(reading.set)
  }

  /// Whether a path holds annotations of objects: what is recognized as a data set for segmentation is none.
  static func recognizes(_ path: String) -> Bool { AnnotationFormat.recognize(path) != nil }

  // MARK: Text

  func text(for terminal: Terminal) -> String {
    var lines = [terminal.styled(title, .bold), ""]
    lines += facts + [""] + table.lines + [""] + groupLines + [""]
    var listed: [AnnotationFault.Kind: Int] = [:]
    for fault in reading.faults {
      listed[fault.kind, default: 0] += 1
      if listed[fault.kind, default: 0] <= Self.listedFaults { lines.append(terminal.styled("wrong: ", .failure) + fault.description) }
    }
    for kind in AnnotationFault.Kind.allCases {
      let more = listed[kind, default: 0] - Self.listedFaults
      if more > 0 {
        lines.append(terminal.styled("wrong: ", .failure) + "\(Formatting.count(more)) more like that (\(kind.rawValue)); --json lists all")
      }
    }
    for remark in reading.remarks { lines.append("note: \(remark)") }
    if reading.faults.isEmpty { lines.append("nothing is wrong with what was read") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The counts alone.
  var statistics: String { (facts + [""] + table.lines + [""] + groupLines).joined(separator: "\n") + "\n" }

  private var facts: [String] {
    let set = reading.set
    var facts = [
      "annotations  \(set.format.title), \(Formatting.count(set.categories.count)) classes",
      "images       \(Formatting.count(counts.images)), \(Formatting.count(counts.emptyImages)) without an object",
      "objects      \(Formatting.count(set.instances.count)), \(Formatting.count(set.instances.count { $0.hasMask })) with a mask",
    ]
    if let folder = reading.imageFolder { facts.append("folder       \(folder)") }
    return facts
  }

  private func name(of group: Category.Frequency) -> String {
    DetectionReport.name(of: group, given: counts.groupsAreGiven)
  }

  private var table: TextTable {
    var table = TextTable(columns: [
      .init("id", isNumeric: true), .init("class"), .init("group"), .init("boxes", isNumeric: true), .init("share %", isNumeric: true),
      .init("images", isNumeric: true), .init("of images %", isNumeric: true), .init("small", isNumeric: true),
      .init("medium", isNumeric: true), .init("large", isNumeric: true), .init("median area", isNumeric: true),
      .init("crowds", isNumeric: true),
    ])
    let total = Double(max(1, counts.classes.reduce(0) { $0 + $1.boxes }))
    for group in Category.Frequency.allCases.reversed() {
      for k in counts.columns(of: group) {
        let count = counts.classes[k]
        table.append(
          ["\(reading.set.categories[k].id)", reading.set.categories[k].name, name(of: group), Formatting.count(count.boxes)]
            + [Formatting.percent(Double(count.boxes) / total), Formatting.count(count.images)]
            + [Formatting.percent(Double(count.images) / Double(max(1, counts.images)), decimals: 1)]
            + count.bySize.map(Formatting.count) + [Formatting.decimals(count.medianArea, 0), Formatting.count(count.crowds)])
      }
    }
    return table
  }

  private var groupLines: [String] {
    var table = TextTable(columns: [
      .init("group"), .init("classes", isNumeric: true), .init("boxes", isNumeric: true), .init("share %", isNumeric: true),
    ])
    let total = Double(max(1, counts.classes.reduce(0) { $0 + $1.boxes }))
    for group in Category.Frequency.allCases.reversed() {
      let columns = counts.columns(of: group)
      if columns.isEmpty { continue }
      let boxes = columns.reduce(0) { $0 + counts.classes[$1].boxes }
      table.append([name(of: group), Formatting.count(columns.count), Formatting.count(boxes), Formatting.percent(Double(boxes) / total)])
    }
    let rule = counts.groupsAreGiven ? "groups are those of the file" : "groups by share of the boxes: head from 10 % on, tail below 1.5 %"
    return table.lines + ["", "\(rule); head to tail \(Formatting.decimals(counts.headToTail, 0)) : 1"]
  }

  // MARK: JSON

  var json: JSONValue {
    let set = reading.set
    let classes = set.categories.categories.indices.map { k -> JSONValue in
      let count = counts.classes[k]
      return .members([
        "id": .int(set.categories[k].id), "column": .int(k), "name": .string(set.categories[k].name),
        "group": .string(name(of: counts.groups[k])), "boxes": .int(count.boxes), "images": .int(count.images),
        "crowds": .int(count.crowds), "masks": .int(count.masks), "small": .int(count.bySize[0]), "medium": .int(count.bySize[1]),
        "large": .int(count.bySize[2]), "medianArea": .double(count.medianArea),
      ])
    }
    let faults = reading.faults.map { fault in
      JSONValue.members([
        "kind": .string(fault.kind.rawValue), "file": .string(fault.file), "entry": .string(fault.entry), "message": .string(fault.message),
      ])
    }
    return .members([
      "format": .string(set.format.rawValue), "images": .int(counts.images), "emptyImages": .int(counts.emptyImages),
      "objects": .int(set.instances.count), "headToTail": .double(counts.headToTail), "classes": .array(classes),
      "faults": .array(faults), "remarks": .array(reading.remarks.map(JSONValue.string)),
    ])
  }
}
