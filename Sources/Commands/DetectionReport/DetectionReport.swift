import Detection
import Reports

/// What detections score, as text, JSON, a table of classes and a page.
package struct DetectionReport {
  /// The figures.
  package let scores: DetectionScores
  /// What was there.
  package let annotations: AnnotationSet
  /// How many detections there were in the file.
  package let detectionCount: Int
  /// What was compared.
  package let shape: DetectionShape
  /// The files.
  package let (annotationsName, detectionsName): (String, String)
  let counts: AnnotationCounts
  private let countsTies: Bool

  /// Creates a detection report.
  /// - Parameters:
  ///   - scores: the figures.
  ///   - annotations: what was there.
  ///   - detectionCount: how many detections there were.
  ///   - shape: what was compared.
  ///   - annotationsName: the annotations' file.
  ///   - detectionsName: the detections' file.
  ///   - countsTies: whether the order of equal scores may have mattered.
  package init(
    scores: DetectionScores, annotations: AnnotationSet, detectionCount: Int, shape: DetectionShape, annotationsName: String,
    detectionsName: String, countsTies: Bool
  ) {
    (self.scores, self.annotations, self.detectionCount, self.shape) = (scores, annotations, detectionCount, shape)
    (self.annotationsName, self.detectionsName, self.countsTies) = (annotationsName, detectionsName, countsTies)
    counts = AnnotationCounts(annotations)
  }

  /// A name of a group for readers: the file's, else head, medium or tail.
  package static func name(of group: Category.Frequency, given: Bool) -> String {
    if given { return group.name }
    switch group {
    case .rare: return "tail"
    case .common: return "medium"
    case .frequent: return "head"
    }
  }

  /// The style sheet's class of a group.
  static func style(of group: Category.Frequency) -> String { name(of: group, given: false) }

  func name(of group: Category.Frequency) -> String { DetectionReport.name(of: group, given: counts.groupsAreGiven) }

  /// The mean of the classes' AP in a group.
  func averagePrecision(of group: Category.Frequency) -> Double? {
    let values = counts.columns(of: group).compactMap { scores.classes[$0].averagePrecision }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// What a reader should know beside the figures.
  var notes: [String] {
    var notes: [String] = []
    if countsTies, scores.tiedDetections > 0 {
      notes.append(
        "\(Formatting.plural(scores.tiedDetections, "detection")) share score, image and class with others: their order in the file may "
          + "matter, as in the references; --ties content makes it not matter")
    }
    let silent = scores.classes.filter { $0.objects > 0 && $0.detections == 0 }.count
    if silent > 0 { notes.append("\(Formatting.count(silent)) classes with objects have no detection that counts: their AP is 0") }
    let absent = scores.classes.filter { $0.objects == 0 }.count
    if absent > 0 {
      notes.append(
        "\(Formatting.count(absent)) of \(Formatting.count(scores.classes.count)) classes have nothing to be found and are in no mean")
    }
    if annotations.instances.contains(where: { $0.id == 0 }) {
      notes.append("an annotation has id 0, which pycocotools takes for no match; here it counts as any other")
    }
    return notes
  }

  var summary: String {
    "\(Formatting.plural(annotations.images.count, "image")), \(Formatting.plural(annotations.instances.count, "object")), "
      + "\(Formatting.plural(detectionCount, "detection")), \(scores.rules.kind == .lvis ? "LVIS" : "COCO") rules, "
      + "\(shape == .box ? "boxes" : "masks")"
  }

  // MARK: Text

  /// The figures for a terminal.
  package func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [.init("score"), .init("%", isNumeric: true)])
    for score in scores.scores { table.append([score.name, score.value.map { Formatting.percent($0) } ?? "–"]) }
    var groups = TextTable(columns: [
      .init("group"), .init("classes", isNumeric: true), .init("with objects", isNumeric: true), .init("objects", isNumeric: true),
      .init("AP %", isNumeric: true),
    ])
    for group in Category.Frequency.allCases {
      let columns = counts.columns(of: group)
      if columns.isEmpty { continue }
      groups.append([
        name(of: group), Formatting.count(columns.count), Formatting.count(columns.count { scores.classes[$0].objects > 0 }),
        Formatting.count(columns.reduce(0) { $0 + scores.classes[$1].objects }),
        averagePrecision(of: group).map { Formatting.percent($0) } ?? "–",
      ])
    }
    var lines: [String] = [terminal.styled("\(detectionsName) against \(annotationsName)", .bold), summary, ""]
    lines += table.lines
    lines.append("")
    lines += groups.lines
    lines.append("")
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: JSON and CSV

  /// One object with `scores` by name, null where a figure is not defined, and the classes that have objects or detections.
  package var json: JSONValue {
    let classes = scores.classes.filter { $0.objects > 0 || $0.detections > 0 }.map { entry -> JSONValue in
      let category = annotations.categories[entry.column]
      return .members([
        "id": .int(category.id), "name": .string(category.name), "group": .string(name(of: counts.groups[entry.column])),
        "objects": .int(entry.objects), "detections": .int(entry.detections), "AP": .number(entry.averagePrecision),
        "AP50": .number(entry.averagePrecision50), "AP75": .number(entry.averagePrecision75), "AR": .number(entry.averageRecall),
      ])
    }
    return .members([
      "annotations": .string(annotationsName), "detections": .string(detectionsName), "format": .string(scores.rules.kind.rawValue),
      "iou": .string(shape.rawValue), "images": .int(annotations.images.count), "objects": .int(annotations.instances.count),
      "detectionCount": .int(detectionCount), "tiedDetections": .int(scores.tiedDetections),
      "scores": .object(scores.scores.map { .init($0.name, .number($0.value)) }), "classes": .array(classes),
    ])
  }

  /// A line for each class; what is not defined is empty. Lines end as RFC 4180 has it for files.
  package var csv: String {
    func cell(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    var text = "id,name,group,images,objects,detections,AP,AP50,AP75,AR\r\n"
    for entry in scores.classes {
      let category = annotations.categories[entry.column]
      let cells =
        ["\(category.id)", DetectionReport.quoted(category.name), name(of: counts.groups[entry.column])]
        + ["\(counts.classes[entry.column].images)", "\(entry.objects)", "\(entry.detections)"]
        + [entry.averagePrecision, entry.averagePrecision50, entry.averagePrecision75, entry.averageRecall].map(cell)
      text += cells.joined(separator: ",") + "\r\n"
    }
    return text
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
