import Reports

/// Precision over recall, both from 0 to 100 per cent.
struct RecallChart {
  /// A curve.
  struct Curve {
    /// Its name.
    var name: String
    /// Its class in the style sheet.
    var style: String
    /// Precision at recalls in equal steps from 0 to 1.
    var precision: [Double]
  }

  /// The curves; later ones lie above.
  var curves: [Curve]
  /// What goes up.
  var title: String

  private static let (left, right, top, height) = (50.0, 12.0, 26.0, 200.0)

  /// Draws it.
  func markup() -> Markup {
    let width = ChartStyle.width - Self.left - Self.right
    func x(_ recall: Double) -> Double { Self.left + recall * width }
    func y(_ precision: Double) -> Double { Self.top + (1 - precision) * Self.height }
    let base = Self.top + Self.height
    var parts = [ChartStyle.text(title, x: 4, y: 13)]
    for tick in stride(from: 0.0, through: 1, by: 0.2) {
      let label = ChartStyle.label((tick * 100).rounded())
      parts.append(PageChart.line("grid", Self.left, y(tick), ChartStyle.width - Self.right, y(tick)))
      parts.append(ChartStyle.text(label, x: Self.left - 5, y: y(tick) + 4, anchor: "end", size: 11))
      parts.append(PageChart.line("axis", x(tick), base, x(tick), base + 4))
      parts.append(ChartStyle.text(label, x: x(tick), y: base + 16, anchor: "middle", size: 11))
    }
    parts.append(PageChart.line("axis", Self.left, base, ChartStyle.width - Self.right, base))
    parts.append(ChartStyle.text("recall, %", x: ChartStyle.width - Self.right, y: base + 31, anchor: "end", size: 11))
    if curves.isEmpty { parts.append(ChartStyle.text("there was nothing to be found", x: x(0.5), y: base - 90, anchor: "middle")) }
    for curve in curves {
      let last = Double(max(1, curve.precision.count - 1))
      let points = curve.precision.enumerated().map { (x(Double($0) / last), y($1)) }
      let area = curve.precision.reduce(0, +) / Double(max(1, curve.precision.count))
      parts.append(
        .element(
          "polyline", ["class": "curve \(curve.style)", "points": PageChart.points(points)],
          [.element("title", [:], [Markup("\(curve.name): AP \(Formatting.percent(area)) %")])]))
    }
    return ChartStyle.chart(height: base + 38, description: "\(title), by recall: \(curves.map(\.name).joined(separator: ", "))", parts)
  }
}

/// The AP of classes as lying bars.
struct DetectionBars {
  /// The figures.
  var report: DetectionReport
  /// The classes, from the top.
  var columns: [Int]
  /// The bars' class in the style sheet.
  var style: String

  private static let (right, row) = (120.0, 17.0)

  /// Draws them.
  func markup() -> Markup {
    let names = columns.map { Formatting.shortened(report.annotations.categories[$0].name) }
    let left = min(150, 14 + 6.4 * Double(names.map(\.count).max() ?? 0))
    let scale = (ChartStyle.width - left - Self.right) / 100
    let bottom = 4 + Double(columns.count) * Self.row
    var parts: [Markup] = []
    for tick in stride(from: 0.0, through: 100, by: 20) {
      let x = left + tick * scale
      parts.append(PageChart.line(tick == 0 ? "axis" : "grid", x, 4, x, bottom + 2))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: x, y: bottom + 16, anchor: "middle", size: 11))
    }
    parts.append(ChartStyle.text("AP, %", x: left + 50 * scale, y: bottom + 31, anchor: "middle", size: 11))
    for (place, column) in columns.enumerated() {
      let (y, entry) = (4 + Double(place) * Self.row, report.scores.classes[column])
      let precision = entry.averagePrecision ?? 0
      let base = y + Self.row - 5
      parts.append(ChartStyle.text(names[place], x: left - 6, y: base, anchor: "end", size: 11))
      let title =
        "\(report.annotations.categories[column].name): AP \(Formatting.percent(precision)) %, \(Formatting.count(entry.objects)) objects"
      parts.append(
        .element(
          "rect",
          [
            "class": "bar \(style)", "x": PageChart.place(left), "y": PageChart.place(y + 2),
            "width": PageChart.place(max(precision * 100 * scale, 0.5)), "height": PageChart.place(Self.row - 4),
          ], [.element("title", [:], [Markup(title)])]))
      parts.append(
        ChartStyle.text(
          "\(Formatting.percent(precision, decimals: 1)), \(Formatting.plural(entry.objects, "object"))",
          x: left + precision * 100 * scale + 4,
          y: base, size: 10))
    }
    return ChartStyle.chart(height: bottom + 38, description: "AP in per cent of classes", parts)
  }
}
