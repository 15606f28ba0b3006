import Tasks

/// The main score of every class as a lying bar, under the headings of the groups, the most frequent class of each first.
struct ClassBars {
  /// The evaluation; its classes are judged by a share.
  var record: EvaluationRecord

  private static let right = 44.0
  private static let row = 17.0
  private static let heading = 24.0

  /// Draws it.
  func markup() -> Markup {
    let order = record.groupedOrder
    let left = min(150, 14 + 6.4 * Double(order.map { Formatting.shortened(record.classes[$0].name).count }.max() ?? 0))
    guard let kind = record.task.mainOfClasses else { return Markup("") }
    let scale = (ChartStyle.width - left - ClassBars.right) / 100
    var rows: [Markup] = []
    var y = 4.0
    var group = ""
    for k in order {
      let entry = record.classes[k]
      if entry.group != group {
        group = entry.group
        let main = record.task.main
        let mean = record.main(ofGroup: group).flatMap { value in main.map { ": \($0.text(value, decimals: 1))" } } ?? ""
        rows.append(
          .element(
            "text",
            ["class": "heading \(record.task.style(ofGroup: group))-text", "x": "4", "y": PageChart.place(y + 16), "font-size": "12"],
            [Markup(group + mean)]))
        y += ClassBars.heading
      }
      rows += bar(entry, kind, y: y, left: left, scale: scale)
      y += ClassBars.row
    }
    var parts: [Markup] = []
    for tick in stride(from: 0.0, through: 100, by: 20) {
      let x = left + tick * scale
      parts.append(PageChart.line(tick == 0 ? "axis" : "grid", x, 4, x, y + 2))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: x, y: y + 16, anchor: "middle", size: 11))
    }
    parts.append(ChartStyle.text(kind.axis, x: left + 50 * scale, y: y + 31, anchor: "middle", size: 11))
    return ChartStyle.chart(height: y + 38, description: "\(kind.title) of every class, by group", parts + rows)
  }

  private func bar(_ entry: ClassRecord, _ kind: ScoreKind, y: Double, left: Double, scale: Double) -> [Markup] {
    let base = y + ClassBars.row - 5
    let name = ChartStyle.text(Formatting.shortened(entry.name), x: left - 6, y: base, anchor: "end", size: 11)
    guard let value = entry.value(kind) else { return [name, ChartStyle.text("does not occur", x: left + 4, y: base, size: 10)] }
    let title = "\(entry.name): \(kind.title) \(kind.text(value)), \(Formatting.count(entry.count)) \(record.task.unit)"
    return [
      name,
      .element(
        "rect",
        [
          "class": "bar \(record.task.style(ofGroup: entry.group))", "x": PageChart.place(left), "y": PageChart.place(y + 2),
          "width": PageChart.place(max(value * 100 * scale, 0.5)), "height": PageChart.place(ClassBars.row - 4),
        ], [.element("title", [:], [Markup(title)])]),
      ChartStyle.text(
        kind.cell(value, decimals: 1) + (entry.isNeverPredicted ? " never predicted" : ""), x: left + value * 100 * scale + 4, y: base,
        size: 10),
    ]
  }
}
