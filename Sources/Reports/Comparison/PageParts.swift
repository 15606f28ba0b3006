import Foundation
import Images

/// What all pages are made of: sections, tables, figures, the findings about weak classes.
package enum PageParts {
  /// A heading with what belongs to it.
  package static func section(_ heading: String, _ content: [Markup]) -> [Markup] {
    [.newline, .element("section", [:], [.element("h2", [:], [Markup(heading)])] + content)]
  }

  /// Something that opens on request.
  package static func detail(_ summary: String, _ content: Markup...) -> Markup {
    .element("details", [:], [.element("summary", [:], [Markup(summary)])] + content)
  }

  /// A table that scrolls by itself where it is too wide.
  /// - Parameter best: rows and columns of cells that stand out.
  package static func table(_ table: TextTable, best: Set<[Int]> = []) -> Markup {
    func cells(_ name: String, _ texts: [String], row: Int?) -> Markup {
      let list = texts.enumerated().map { column, text -> Markup in
        let content = row.map { best.contains([$0, column]) } ?? false ? Markup.element("b", [:], [Markup(text)]) : Markup(text)
        return .element(name, ["class": table.columns[column].isNumeric ? "number" : "word"], [content])
      }
      return Markup([.element("tr", [:], list), .newline])
    }
    let rows = table.rows.enumerated().map { cells("td", $1, row: $0) }
    return .element(
      "div", ["class": "scroll"],
      [
        .element(
          "table", [:],
          [.element("thead", [:], [cells("th", table.columns.map(\.title), row: nil)]), .element("tbody", [:], rows)])
      ])
  }

  /// A picture that is part of the page.
  static func figure(_ caption: String, _ png: [UInt8], of image: String) -> Markup {
    .element(
      "figure", [:],
      [
        .element("img", ["src": "data:image/png;base64," + Data(png).base64EncodedString(), "alt": "\(caption) of \(image)"]),
        .element("figcaption", [:], [Markup(caption)]),
      ])
  }

  /// Classes with their colours.
  static func classLegend(_ classes: [(name: String, colour: RGBColour)]) -> Markup {
    .element(
      "p", ["class": "legend"],
      classes.map { entry -> Markup in
        let square = Markup.element(
          "svg", ["viewBox": "0 0 12 12", "width": "12", "height": "12", "aria-hidden": "true"],
          [
            .element(
              "rect", ["x": "0.5", "y": "0.5", "width": "11", "height": "11", "fill": entry.colour.hexadecimal, "stroke": "#404040"])
          ])
        return .element("span", [:], [square, Markup(" " + entry.name)])
      })
  }

  /// Weak classes with the likely causes, and what to try; nothing where nothing was found.
  static func findings(_ diagnosis: TailDiagnosis) -> [Markup] {
    guard !diagnosis.isEmpty else { return [] }
    var parts = diagnosis.remark.map { [Markup.element("p", ["class": "notes"], [Markup($0)])] } ?? []
    guard !diagnosis.findings.isEmpty else { return parts }
    let classes = diagnosis.findings.map { finding -> Markup in
      let flag: [Markup] = finding.isNeverPredicted ? [" ", .element("span", ["class": "flag"], ["never predicted"])] : []
      return .element("li", [:], [.element("b", [:], [Markup(finding.className)])] + flag + [Markup(": " + finding.causeText)])
    }
    let remedies = diagnosis.remedies.map { item -> Markup in
      .element("li", [:], ["For ", .element("b", [:], [Markup(item.classNames.joined(separator: ", "))]), Markup(": " + item.remedy)])
    }
    parts += [.element("p", [:], ["Worth a look, with the likely causes:"]), .element("ul", [:], classes)]
    return parts + [.element("p", [:], ["To try:"]), .element("ul", [:], remedies)]
  }
}
