/// Curves over steps in the colours of the page's style sheet, which knows light, dark and paper.
struct CurveChart {
  /// A curve.
  struct Curve {
    /// Its name, for the legend and for those who hear the chart.
    var name: String
    /// Its class in the style sheet: `all`, `head`, `medium`, `tail`.
    var style: String
    /// Steps and values.
    var points: [(x: Double, y: Double)]
    /// The range around each point, if there is one.
    var band: [(low: Double, high: Double)] = []
  }

  /// The curves; later ones lie above.
  var curves: [Curve]
  /// What goes up.
  var title: String
  /// Whether the lower end is 0 whatever the values are.
  var beginsAtZero: Bool
  /// Whether every point is marked: for few.
  var hasMarks = false
  /// What goes to the right.
  var across = "step"

  private static let (left, right, top, height) = (50.0, 12.0, 26.0, 180.0)

  /// Draws it; a frame with a word where there is nothing to show.
  func markup() -> Markup {
    let points = curves.flatMap(\.points)
    // The axis follows the means: a single step that ran away would flatten all others.
    let (low, high) = (points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 1)
    let vertical = ChartStyle.ticks(from: beginsAtZero ? 0 : low, to: high > low || beginsAtZero ? max(high, 1e-12) : low + 1)
    let last = across == "step" ? max(1, points.map(\.x).max() ?? 1) : max(1e-12, points.map(\.x).max() ?? 1)
    let horizontal = ChartStyle.ticks(from: 0, to: last, count: 5).filter { $0 <= last * 1.0001 }
    let (bottom, most) = (vertical.first ?? 0, vertical.last ?? 1)
    let width = ChartStyle.width - CurveChart.left - CurveChart.right
    func x(_ value: Double) -> Double { CurveChart.left + value / last * width }
    func y(_ value: Double) -> Double {
      CurveChart.top + (1 - (min(max(value, bottom), most) - bottom) / (most - bottom)) * CurveChart.height
    }
    let base = CurveChart.top + CurveChart.height
    var parts = [ChartStyle.text(title, x: 4, y: 13)]
    for tick in vertical {
      parts.append(PageChart.line("grid", CurveChart.left, y(tick), ChartStyle.width - CurveChart.right, y(tick)))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: CurveChart.left - 5, y: y(tick) + 4, anchor: "end", size: 11))
    }
    for tick in horizontal {
      parts.append(PageChart.line("axis", x(tick), base, x(tick), base + 4))
      parts.append(
        ChartStyle.text(
          across == "step" ? PageChart.step(tick) : ChartStyle.label(tick), x: x(tick), y: base + 16, anchor: "middle", size: 11))
    }
    parts.append(PageChart.line("axis", CurveChart.left, base, ChartStyle.width - CurveChart.right, base))
    parts.append(ChartStyle.text(across, x: ChartStyle.width - CurveChart.right, y: base + 31, anchor: "end", size: 11))
    if points.isEmpty { parts.append(ChartStyle.text("nothing was recorded", x: x(last / 2), y: base - 80, anchor: "middle")) }
    for curve in curves where !curve.points.isEmpty {
      if curve.band.count == curve.points.count {
        let upper = zip(curve.points, curve.band).map { (x($0.x), y($1.high)) }
        let lower = zip(curve.points, curve.band).reversed().map { (x($0.x), y($1.low)) }
        parts.append(.element("polygon", ["class": "band \(curve.style)", "points": PageChart.points(upper + lower)]))
      }
      parts.append(
        .element("polyline", ["class": "curve \(curve.style)", "points": PageChart.points(curve.points.map { (x($0.x), y($0.y)) })]))
      for point in hasMarks ? curve.points[...] : curve.points.suffix(1) {
        parts.append(
          .element(
            "circle", ["class": "mark \(curve.style)", "cx": PageChart.place(x(point.x)), "cy": PageChart.place(y(point.y)), "r": "2.8"],
            [
              .element(
                "title", [:], [Markup("\(curve.name), \(across) \(ChartStyle.label(point.x)): \(Formatting.significant(point.y, 4))")])
            ]))
      }
    }
    return ChartStyle.chart(height: base + 38, description: "\(title) by \(across): \(curves.map(\.name).joined(separator: ", "))", parts)
  }
}

/// Small pieces of the page's charts.
package enum PageChart {
  /// A coordinate, as exact as anyone can see.
  package static func place(_ value: Double) -> String {
    let text = Formatting.decimals(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Corners of a line.
  package static func points(_ corners: [(Double, Double)]) -> String {
    corners.map { "\(place($0.0)),\(place($0.1))" }.joined(separator: " ")
  }

  /// A line whose colour the style sheet decides.
  package static func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Markup {
    .element("line", ["class": style, "x1": place(x1), "y1": place(y1), "x2": place(x2), "y2": place(y2)])
  }

  /// A number of steps, short: `20k`.
  static func step(_ value: Double) -> String {
    value >= 10_000 && value.truncatingRemainder(dividingBy: 100) == 0
      ? ChartStyle.label(value / 1000) + "k" : Formatting.count(Int(value.rounded()))
  }

  /// Names with their colours.
  package static func legend(_ entries: [(name: String, style: String)]) -> Markup {
    .element(
      "p", ["class": "legend"],
      entries.map { entry in
        .element("span", [:], [.element("i", ["class": "key \(entry.style)"], [""]), Markup(" \(entry.name)")])
      })
  }
}
