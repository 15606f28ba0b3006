/// Lying bars in groups, from 0 to 100 per cent: a group for each class, a bar for each candidate.
struct BarChart {
  /// A group of bars.
  struct Group {
    /// Its name, at the left.
    var name: String
    /// A value in per cent for each candidate; without one there is no bar.
    var values: [SampleStatistics]
  }

  /// The groups from the top.
  var groups: [Group]
  /// What the numbers are, below the axis.
  var axis: String
  /// The candidates' names, for those who hear the chart.
  var names: [String]

  private static let left = 112.0
  private static let right = 34.0
  private static let barHeight = 11.0
  private static let gap = 10.0

  private var scale: Double { (ChartStyle.width - BarChart.left - BarChart.right) / 100 }

  /// Draws it.
  func markup() -> Markup {
    let bars = Double(max(1, names.count))
    let groupHeight = bars * BarChart.barHeight + BarChart.gap
    let bottom = 6 + groupHeight * Double(groups.count)
    var parts: [Markup] = []
    for tick in stride(from: 0.0, through: 100, by: 20) {
      let x = BarChart.left + tick * scale
      parts.append(ChartStyle.rule(x, 4, x, bottom, colour: tick == 0 ? "#404040" : "#d0d0d0"))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: x, y: bottom + 14, anchor: "middle", size: 11))
    }
    parts.append(ChartStyle.text(axis, x: BarChart.left + 50 * scale, y: bottom + 30, anchor: "middle"))
    for (place, group) in groups.enumerated() {
      let top = 6 + BarChart.gap / 2 + Double(place) * groupHeight
      parts.append(
        ChartStyle.text(shortened(group.name), x: BarChart.left - 6, y: top + bars * BarChart.barHeight / 2 + 4, anchor: "end"))
      for (candidate, value) in group.values.enumerated() {
        parts += bar(value, name: "\(group.name), \(names[candidate])", candidate, y: top + Double(candidate) * BarChart.barHeight)
      }
    }
    return ChartStyle.chart(height: bottom + 38, description: "\(axis), by class, for \(names.joined(separator: ", "))", parts)
  }

  /// A bar with its value, and a line as long as the standard deviation to both sides.
  private func bar(_ value: SampleStatistics, name: String, _ place: Int, y: Double) -> [Markup] {
    guard let mean = value.mean else {
      return [ChartStyle.text("–", x: BarChart.left + 4, y: y + BarChart.barHeight - 2, size: 9.5)]
    }
    let middle = y + BarChart.barHeight / 2
    var end = BarChart.left + mean * scale
    var parts: [Markup] = [
      .element(
        "rect",
        [
          "x": ChartStyle.number(BarChart.left), "y": ChartStyle.number(y + 0.5), "width": ChartStyle.number(max(0, mean * scale)),
          "height": ChartStyle.number(BarChart.barHeight - 1), "fill": ChartStyle.colour(place),
        ], [.element("title", [:], [Markup("\(name): \(value.text { Formatting.decimals($0, 2) }) %")])])
    ]
    if let deviation = value.standardDeviation {
      let (low, high) = (BarChart.left + max(0, mean - deviation) * scale, BarChart.left + min(100, mean + deviation) * scale)
      // Dark on white and white on dark: seen over the bar and beside it.
      parts.append(ChartStyle.rule(low, middle, high, middle, colour: "#ffffff", width: 3))
      parts.append(ChartStyle.rule(low, middle, high, middle, colour: "#000000", width: 1.2))
      end = max(end, high)
    }
    parts.append(ChartStyle.text(Formatting.decimals(mean, 1), x: end + 3, y: y + BarChart.barHeight - 2, size: 9.5))
    return parts
  }

  private func shortened(_ name: String) -> String { name.count <= 17 ? name : name.prefix(16) + "…" }
}
