import Tasks

/// The diary of a class over the epochs: narrow strips one below the other, the score first, each from 0 to its largest value.
struct DiaryChart {
  private let story: ClassStory
  private let strips: [Strip]
  private let style: String

  /// A quantity over the evaluations.
  private struct Strip {
    var title: String
    var points: [(x: Double, y: Double)]
  }

  private static let (left, right, top, strip, gap) = (8.0, 8.0, 24.0, 26.0, 22.0)

  /// - Parameter style: the class's group in the style sheet.
  init(_ story: ClassStory, _ task: TaskDescription, style: String) {
    (self.story, self.style) = (story, style)
    let score = Strip(
      title: story.kind?.axis ?? "score",
      points: story.points.compactMap { point in point.score.map { (point.epoch, story.kind?.scaled($0) ?? $0) } })
    strips =
      [score]
      + DiaryQuantity.allCases.map { quantity in
        Strip(
          title: quantity.title(task), points: story.points.compactMap { point in quantity.value(point.diary).map { (point.epoch, $0) } })
      }.filter { !$0.points.isEmpty }
  }

  /// Draws it.
  func markup() -> Markup {
    let last = max(1, story.points.map(\.epoch).max() ?? 1)
    let width = ChartStyle.width - DiaryChart.left - DiaryChart.right
    func x(_ epoch: Double) -> Double { DiaryChart.left + epoch / last * width }
    let height = DiaryChart.top + Double(strips.count) * (DiaryChart.strip + DiaryChart.gap)
    var parts: [Markup] = [
      .element(
        "text", ["class": "heading \(style)-text", "x": "4", "y": "14", "font-size": "13"],
        [Markup(Formatting.shortened(story.name, to: 40))])
    ]
    if let epoch = turn {
      parts.append(PageChart.line("axis", x(epoch), DiaryChart.top, x(epoch), height - 2))
    }
    for (place, strip) in strips.enumerated() {
      let top = DiaryChart.top + Double(place) * (DiaryChart.strip + DiaryChart.gap) + DiaryChart.gap - 4
      let base = top + DiaryChart.strip
      let most = strip.points.map(\.y).max() ?? 0
      func y(_ value: Double) -> Double { base - (most > 0 ? max(0, value) / most * DiaryChart.strip : 0) }
      parts.append(PageChart.line("grid", DiaryChart.left, base, ChartStyle.width - DiaryChart.right, base))
      parts.append(ChartStyle.text(strip.title, x: DiaryChart.left, y: top - 6, size: 10.5))
      let end = strip.points.last.map { "\(DiaryChart.number($0.y)) at the end, " } ?? ""
      parts.append(
        ChartStyle.text(
          "\(end)at most \(DiaryChart.number(most))", x: ChartStyle.width - DiaryChart.right, y: top - 6, anchor: "end", size: 10.5))
      parts.append(
        .element(
          "polyline", ["class": "curve \(place == 0 ? style : "all")", "points": PageChart.points(strip.points.map { (x($0.x), y($0.y)) })])
      )
      // A curve of one point would not be seen.
      for point in strip.points.count > 40 ? strip.points.suffix(1) : strip.points[...] {
        parts.append(
          .element(
            "circle",
            [
              "class": "mark \(place == 0 ? style : "all")", "cx": PageChart.place(x(point.x)), "cy": PageChart.place(y(point.y)),
              "r": "1.8",
            ],
            [.element("title", [:], [Markup("epoch \(ChartStyle.label(point.x)): \(strip.title) \(DiaryChart.number(point.y))")])]))
      }
    }
    var ticks: [Markup] = []
    for tick in ChartStyle.ticks(from: 0, to: last, count: 6) where tick == tick.rounded() && tick <= last {
      ticks.append(PageChart.line("axis", x(tick), height - 2, x(tick), height + 2))
      ticks.append(
        ChartStyle.text(
          ChartStyle.label(tick), x: x(tick), y: height + 13, anchor: tick == 0 ? "start" : tick == last ? "end" : "middle", size: 10.5))
    }
    return ChartStyle.chart(
      height: height + 18, description: "\(story.name) over the epochs: \(strips.map(\.title).joined(separator: ", "))", parts + ticks)
  }

  /// The epoch in which the outcome was decided, where there is one.
  private var turn: Double? {
    switch story.outcome {
    case .learned(let epoch), .lost(let epoch): Double(epoch)
    case .missed, .unknown: nil
    }
  }

  /// A value of the diary as people read it: pixels in whole numbers, the small ones with three figures.
  static func number(_ value: Double) -> String {
    value >= 1000 && value < 1e15 ? Formatting.count(Int(value.rounded())) : Formatting.significant(value, 3)
  }
}
