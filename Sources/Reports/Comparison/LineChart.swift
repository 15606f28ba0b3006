/// Curves over epochs: a thick one for each candidate's mean, thin ones for its runs.
struct LineChart {
  /// A curve for each candidate, in the order of its colours.
  var curves: [ComparedCurve]
  /// What goes up.
  var title: String
  /// Whether the lower end is 0 whatever the values are.
  var beginsAtZero: Bool

  private static let (left, right, top, height) = (46.0, 10.0, 26.0, 190.0)

  /// Draws it; an empty frame where there is nothing to show.
  func markup() -> Markup {
    let points = curves.flatMap { $0.runs.joined() }
    let (low, high) = (points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 1)
    let vertical = ChartStyle.ticks(from: beginsAtZero ? 0 : low, to: high > low || beginsAtZero ? max(high, 1e-9) : low + 1)
    let last = points.map(\.x).max() ?? 1
    let horizontal = ChartStyle.ticks(from: 0, to: max(1, last), count: 8).filter { $0 == $0.rounded() && $0 <= last }
    let (bottom, most) = (vertical.first ?? 0, vertical.last ?? 1)
    func x(_ value: Double) -> Double { LineChart.left + value / max(1, last) * (ChartStyle.width - LineChart.left - LineChart.right) }
    func y(_ value: Double) -> Double { LineChart.top + (1 - (value - bottom) / (most - bottom)) * LineChart.height }

    let base = LineChart.top + LineChart.height
    var parts = [ChartStyle.text(title, x: 4, y: 13)]
    for tick in vertical {
      parts.append(ChartStyle.rule(LineChart.left, y(tick), ChartStyle.width - LineChart.right, y(tick)))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: LineChart.left - 5, y: y(tick) + 4, anchor: "end", size: 11))
    }
    for tick in horizontal {
      parts.append(ChartStyle.rule(x(tick), base, x(tick), base + 4, colour: "#404040"))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: x(tick), y: base + 16, anchor: "middle", size: 11))
    }
    parts.append(ChartStyle.rule(LineChart.left, base, ChartStyle.width - LineChart.right, base, colour: "#404040"))
    parts.append(ChartStyle.text("epoch", x: ChartStyle.width - LineChart.right, y: base + 31, anchor: "end"))

    for (place, curve) in curves.enumerated() {
      if curve.runs.count > 1 || curve.mean.isEmpty {
        parts += curve.runs.map { line($0.map { (x($0.x), y($0.y)) }, place, width: 0.8, opacity: 0.45, dash: "none") }
        // A line of one point is not seen.
        parts += curve.runs.filter { $0.count == 1 }.map { run in
          .element(
            "circle",
            [
              "cx": ChartStyle.number(x(run[0].x)), "cy": ChartStyle.number(y(run[0].y)), "r": "2", "fill": ChartStyle.colour(place),
              "fill-opacity": "0.45",
            ])
        }
      }
      parts.append(line(curve.mean.map { (x($0.x), y($0.y)) }, place, width: 2.4, opacity: 1, dash: ChartStyle.dash(place)))
      if let end = curve.mean.last {
        parts.append(
          .element(
            "circle",
            ["cx": ChartStyle.number(x(end.x)), "cy": ChartStyle.number(y(end.y)), "r": "3.2", "fill": ChartStyle.colour(place)],
            [.element("title", [:], [Markup("\(curve.name), epoch \(ChartStyle.label(end.x)): \(Formatting.significant(end.y, 4))")])]))
      }
    }
    return ChartStyle.chart(
      height: base + 38, description: "\(title) by epoch, for \(curves.map(\.name).joined(separator: ", "))", parts)
  }

  private func line(_ points: [(Double, Double)], _ place: Int, width: Double, opacity: Double, dash: String) -> Markup {
    .element(
      "polyline",
      [
        "points": points.map { "\(ChartStyle.number($0.0)),\(ChartStyle.number($0.1))" }.joined(separator: " "), "fill": "none",
        "stroke": ChartStyle.colour(place), "stroke-width": ChartStyle.number(width), "stroke-opacity": ChartStyle.number(opacity),
        "stroke-linejoin": "round", "stroke-dasharray": dash,
      ])
  }
}
