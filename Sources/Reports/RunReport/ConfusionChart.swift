import Tasks

/// A confusion matrix as a picture: a row for each true class, spread over the columns of what they were taken for.
///
/// Rows add up to 100 per cent. Few classes have numbers in their cells. Cells of one shade are one path, so that 150 classes make a small
/// picture too; it is wider than a page then, and is scrolled, or printed as wide as the paper.
struct ConfusionChart {
  /// What was taken for what.
  var confusions: ConfusionCounts
  /// The classes' names.
  var names: [String]
  /// The style of each class's group.
  var groups: [String]
  /// What is counted.
  var unit: String
  /// Places of the classes, from the top and from the left.
  var order: [Int]

  /// More classes than these are listed alone.
  static let mostClasses = 256
  /// Steps of shade; what is below half a step is left blank.
  static let shades = 20
  /// More classes than these have no numbers in their cells.
  static let mostNumbered = 32

  private var cell: Double { order.count <= 12 ? 22 : order.count <= ConfusionChart.mostNumbered ? 20 : 10 }
  private var textSize: Double { order.count <= ConfusionChart.mostNumbered ? 10 : 8 }
  private var margin: Double {
    let longest = order.map { Formatting.shortened(names[$0]).count }.max() ?? 0
    return 16 + Double(longest) * textSize * 0.58 + 6
  }

  /// Draws it.
  func markup() -> Markup {
    let (count, cell, margin) = (order.count, cell, margin)
    let size = margin + cell * Double(count) + 2
    let (truth, matrix) = (confusions.totals, confusions.matrix)
    func share(_ row: Int, _ column: Int) -> Double {
      let total = truth[order[row]]
      return total > 0 ? Double(matrix[order[row]][order[column]]) / Double(total) : 0
    }
    var paths = Array(repeating: "", count: ConfusionChart.shades + 1)
    var numbers: [Markup] = []
    for row in 0..<count {
      for column in 0..<count {
        let value = share(row, column)
        let shade = Int((value * Double(ConfusionChart.shades)).rounded())
        let (x, y) = (margin + Double(column) * cell, margin + Double(row) * cell)
        if shade > 0 {
          paths[shade] +=
            "M\(PageChart.place(x)) \(PageChart.place(y))h\(PageChart.place(cell))v\(PageChart.place(cell))h-\(PageChart.place(cell))z"
        }
        guard count <= ConfusionChart.mostNumbered, value >= 0.005 else { continue }
        numbers.append(
          .element(
            "text",
            [
              "class": value >= 0.5 ? "on" : "off", "x": PageChart.place(x + cell / 2), "y": PageChart.place(y + cell / 2 + 3.2),
              "text-anchor": "middle", "font-size": "9",
            ], [Markup(Formatting.percent(value, decimals: 0))]))
      }
    }
    var parts = paths.enumerated().filter { !$1.isEmpty }.map { shade, path -> Markup in
      .element("path", ["class": "heat", "fill-opacity": Formatting.decimals(Double(shade) / Double(ConfusionChart.shades), 2), "d": path])
    }
    parts += frame(size) + labels(truth) + numbers
    return .element(
      "svg",
      [
        "viewBox": "0 0 \(PageChart.place(size)) \(PageChart.place(size))", "role": "img", "class": "chart matrix",
        "style": "width: \(PageChart.place(size))px", "aria-label": "Confusion matrix of \(count) classes, rows are the truth",
      ], parts)
  }

  /// Thin lines around all, thicker ones between the groups.
  private func frame(_ size: Double) -> [Markup] {
    let (low, high) = (margin, size - 2)
    var parts: [Markup] = []
    for place in 0...order.count {
      let isEdge = place == 0 || place == order.count
      let isBorder = isEdge || groups[order[place]] != groups[order[place - 1]]
      let at = margin + Double(place) * cell
      parts.append(PageChart.line(isBorder ? "axis" : "grid", low, at, high, at))
      parts.append(PageChart.line(isBorder ? "axis" : "grid", at, low, at, high))
    }
    return parts
  }

  private func labels(_ truth: [Int64]) -> [Markup] {
    var parts = [
      ChartStyle.text("truth ↓", x: 2, y: margin - 4, size: 10), ChartStyle.text("prediction →", x: 2, y: margin - 18, size: 10),
    ]
    for (place, k) in order.enumerated() {
      let middle = margin + (Double(place) + 0.5) * cell
      let name = Markup(Formatting.shortened(names[k]))
      let style = "\(groups[k])-text"
      parts.append(
        .element(
          "text",
          [
            "class": style, "x": PageChart.place(margin - 4), "y": PageChart.place(middle + textSize * 0.35), "text-anchor": "end",
            "font-size": PageChart.place(textSize),
          ], [name]))
      parts.append(
        .element(
          "text",
          [
            "class": style,
            "transform": "translate(\(PageChart.place(middle + textSize * 0.35)) \(PageChart.place(margin - 4))) rotate(-90)",
            "font-size": PageChart.place(textSize),
          ], [name]))
      if truth[k] == 0, order.count <= ConfusionChart.mostNumbered {
        parts.append(ChartStyle.text("no \(unit)", x: margin + 4, y: middle + 3.2, size: 9))
      }
    }
    return parts
  }
}
