import Detection
import Reports

extension DetectionReport {
  /// The page `report.html`: one file without scripts or references to others, well-formed as XML too.
  package var html: String {
    var body: [Markup] = [
      .element("h1", [:], [Markup(title)]),
      .element("p", ["class": "soft"], [Markup("\(detectionsName) against \(annotationsName): \(summary).")]), tiles,
    ]
    if !notes.isEmpty { body.append(.element("ul", ["class": "notes"], notes.map { .element("li", [:], [Markup($0)]) })) }
    body += PageParts.section("Scores", [PageParts.table(scoreTable)])
    body += PageParts.section("Precision and recall", curves)
    body += PageParts.section("Classes", classBars)
    let head: [Markup] = [
      .element("meta", ["charset": "utf-8"]),
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element("meta", ["name": "color-scheme", "content": "light dark"]),
      .element("title", [:], [Markup(title)]), .style(RunReport.style),
    ]
    let page = Markup.element("html", ["lang": "en"], [.element("head", [:], head), .newline, .element("body", [:], body)])
    return "<!DOCTYPE html>\n" + page.text + "\n"
  }

  private var title: String { "Detections: \(detectionsName.split(separator: "/").last ?? "")" }

  private var groups: [Category.Frequency] { Category.Frequency.allCases.filter { !counts.columns(of: $0).isEmpty } }

  private var tiles: Markup {
    let values: [(String, Double?, String)] =
      [("AP", scores["AP"], "all"), ("AP50", scores["AP50"], ""), ("AP75", scores["AP75"], "")]
      + groups.map { ("AP, \(name(of: $0))", averagePrecision(of: $0), DetectionReport.style(of: $0)) }
    return .element(
      "div", ["class": "tiles"],
      values.map { title, value, style in
        .element(
          "div", ["class": "tile \(style)-tile"],
          [
            .element("b", [:], [Markup(value.map { Formatting.percent($0, decimals: 1) } ?? "–"), .element("small", [:], [" %"])]),
            .element("span", [:], [Markup(title)]),
          ])
      })
  }

  private var scoreTable: TextTable {
    var table = TextTable(columns: [.init("score"), .init("%", isNumeric: true), .init("what it is")])
    for score in scores.scores {
      table.append([score.name, score.value.map { Formatting.percent($0) } ?? "–", DetectionReport.meaning(of: score.name)])
    }
    return table
  }

  /// A figure in words.
  static func meaning(of name: String) -> String {
    if name.hasPrefix("AR") {
      let size = ["s": ", small objects", "m": ", medium objects", "l": ", large objects"][name.dropFirst(2).prefix(1)] ?? ""
      let limit = name.split(separator: "@").dropFirst().first.map { ", at most \($0) detections" } ?? ""
      return "mean recall over overlaps from 0.5 to 0.95\(size)\(limit)"
    }
    let rest = name.dropFirst(2)
    if rest.hasSuffix("fixed") {
      let group = Category.Frequency(rawValue: String(rest.dropLast(5))).map { ", \($0.name) classes" } ?? ""
      return "AP without a limit an image, the best 10,000 detections of each class\(group)"
    }
    switch rest {
    case "": return "mean precision over recalls, overlaps from 0.5 to 0.95 and classes"
    case "50": return "AP at an overlap of 0.5"
    case "75": return "AP at an overlap of 0.75"
    case "s": return "AP of objects up to 32x32 pixels"
    case "m": return "AP of objects from 32x32 to 96x96 pixels"
    case "l": return "AP of objects from 96x96 pixels on"
    case "r": return "AP of rare classes"
    case "c": return "AP of common classes"
    case "f": return "AP of frequent classes"
    default: return ""
    }
  }

  // MARK: Curves

  private var curves: [Markup] {
    let all = Array(scores.classes.indices)
    func curve(_ name: String, _ style: String, _ columns: [Int], _ threshold: Int?) -> RecallChart.Curve? {
      scores.precisionByRecall(columns, threshold: threshold).map { RecallChart.Curve(name: name, style: style, precision: $0) }
    }
    let titles: [(String, Int?)] = [
      ("overlap of at least 0.5", 0), ("overlap of at least 0.75", 5), ("mean of overlaps from 0.5 to 0.95", nil),
    ]
    let charts = titles.map { title, threshold in
      RecallChart(
        curves: groups.compactMap { curve(name(of: $0), DetectionReport.style(of: $0), counts.columns(of: $0), threshold) }
          + [curve("all classes", "all", all, threshold)].compactMap { $0 }, title: "precision, %: \(title)")
    }
    return [
      .element("p", ["class": "soft"], ["Means over the classes that have objects; the area below a curve is its AP."]),
      PageChart.legend([("all classes", "all")] + groups.reversed().map { (name(of: $0), DetectionReport.style(of: $0)) }),
      .element("div", ["class": "charts"], charts.map { $0.markup() }),
    ]
  }

  // MARK: Classes

  /// Bars of this many classes of a group are drawn: the weakest and the strongest, where there are more.
  private static let barLimit = 40

  private var classBars: [Markup] {
    let explanation =
      counts.groupsAreGiven
      ? "Groups are those of the annotations' file: rare, common and frequent in training images."
      : "Groups by share of the boxes in this file: head from 10 % on, tail below 1.5 %."
    var parts: [Markup] = [.element("p", ["class": "soft"], [Markup(explanation + " In each, the most frequent class stands first.")])]
    for group in groups.reversed() {
      let present = counts.columns(of: group).filter { scores.classes[$0].averagePrecision != nil }
      var shown = present
      var note = ""
      if present.count > Self.barLimit {
        let byScore = present.sorted { (scores.classes[$0].averagePrecision ?? 0) < (scores.classes[$1].averagePrecision ?? 0) }
        let chosen = Set(byScore.prefix(Self.barLimit / 2) + byScore.suffix(Self.barLimit / 2))
        shown = present.filter(chosen.contains)
        note = " The \(Self.barLimit / 2) weakest and the \(Self.barLimit / 2) strongest are drawn; all are in the table."
      }
      parts.append(.element("h3", [:], [Markup(name(of: group))]))
      let mean = averagePrecision(of: group).map { "AP \(Formatting.percent($0)) %" } ?? "nothing to be found"
      parts.append(
        .element(
          "p", ["class": "soft"], [Markup("\(mean); \(present.count) of \(counts.columns(of: group).count) classes have objects.\(note)")]))
      if !shown.isEmpty { parts.append(DetectionBars(report: self, columns: shown, style: DetectionReport.style(of: group)).markup()) }
    }
    return parts + [PageParts.detail("The numbers of all classes", PageParts.table(classTable))]
  }

  private var classTable: TextTable {
    var table = TextTable(
      columns: [.init("id", isNumeric: true), .init("class"), .init("group")]
        + ["images", "objects", "detections", "AP %", "AP50 %", "AP75 %", "AR %"].map { .init($0, isNumeric: true) })
    func percent(_ value: Double?) -> String { value.map { Formatting.percent($0) } ?? "–" }
    for group in groups.reversed() {
      for column in counts.columns(of: group) {
        let entry = scores.classes[column]
        if entry.objects == 0, entry.detections == 0 { continue }
        table.append(
          ["\(annotations.categories[column].id)", annotations.categories[column].name, name(of: group)]
            + [counts.classes[column].images, entry.objects, entry.detections].map(Formatting.count)
            + [entry.averagePrecision, entry.averagePrecision50, entry.averagePrecision75, entry.averageRecall].map(percent))
      }
    }
    return table
  }
}
