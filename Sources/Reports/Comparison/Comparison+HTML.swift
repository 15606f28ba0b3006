import Foundation

extension Comparison {
  /// The page `report.html`: one file without scripts or references to others, well-formed as XML too.
  package var html: String {
    let candidates = candidates
    let names = candidates.map(\.name)
    var body: [Markup] = [.element("h1", [:], [Markup(title)])]
    body += explanation.map { .element("p", [:], [Markup($0)]) }
    if !notes.isEmpty { body.append(.element("ul", ["class": "notes"], notes.map { .element("li", [:], [Markup($0)]) })) }
    body.append(PageParts.table(summaryTable, best: bestCells))
    if let differences = differenceTable {
      body += PageParts.section(differenceHeading, [PageParts.table(differences)])
    }
    body += PageParts.section(
      classHeading,
      [
        ChartStyle.legend(names), classNames.count <= ClassTable.mostListed ? barChart.markup() : "",
        PageParts.detail("The numbers", PageParts.table(classTable)),
      ])
    body += PageParts.section(
      "Learning curves",
      [
        .element("p", [:], ["Thick lines are means over the runs that have a value there, thin ones are single runs."]),
        ChartStyle.legend(names),
        .element("div", ["class": "charts"], charts(candidates)), PageParts.detail("The numbers", PageParts.table(curveTable)),
      ])
    if let pictures, !pictures.rows.isEmpty { body += PageParts.section("The same images", figures(pictures)) }
    for candidate in candidates where !candidate.finished.isEmpty {
      body += PageParts.section(
        "The tail with \(candidate.name)",
        [PageParts.table(diagnosisTable(of: candidate))] + (diagnosis(of: candidate).map(PageParts.findings) ?? []))
    }
    body += PageParts.section("Runs", [PageParts.table(runTable)])
    let head: [Markup] = [
      .element("meta", ["charset": "utf-8"]), .element("meta", ["name": "generator", "content": OwnFile.mark]),
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element("title", [:], [Markup(title)]), .style(Comparison.style),
    ]
    let page = Markup.element("html", ["lang": "en"], [.element("head", [:], head), .newline, .element("body", [:], body)])
    return "<!DOCTYPE html>\n" + page.text + "\n"
  }

  /// Rows and columns of the summary that hold the best mean of a metric.
  private var bestCells: Set<[Int]> {
    let candidates = candidates
    guard candidates.count > 1 else { return [] }
    var best: Set<[Int]> = []
    for (column, metric) in metrics.enumerated() {
      guard let largerIsBetter = metric.largerIsBetter else { continue }
      let means = candidates.map { $0.statistics(metric).mean }
      guard let winner = largerIsBetter ? means.compactMap({ $0 }).max() : means.compactMap({ $0 }).min() else { continue }
      for (row, mean) in means.enumerated() where mean == winner { best.insert([row, column + 3]) }
    }
    return best
  }

  private var barChart: BarChart {
    let (candidates, names) = (candidates, classNames)
    return BarChart(
      groups: classOrder.map { k in
        BarChart.Group(
          name: names[k],
          values: candidates.map { candidate in
            guard let metric = metric(ofClass: k) else { return SampleStatistics([]) }
            return SampleStatistics(candidate.finished.map { metric.value($0).map { $0 * metric.scale } })
          })
      }, axis: "\(task.mainOfClasses?.axis ?? "") (frequent classes first)", names: candidates.map(\.name))
  }

  private func charts(_ candidates: [Candidate]) -> [Markup] {
    ComparedCurve.quantities(task).map { quantity in
      LineChart(
        curves: candidates.map { ComparedCurve(quantity, $0) }, title: quantity.title(task), beginsAtZero: quantity != .loss
      ).markup()
    }
  }

  private func figures(_ pictures: ComparisonPictures) -> [Markup] {
    return (pictures.hasColours ? [PageParts.classLegend(pictures.legend)] : [])
      + pictures.rows.flatMap { row -> [Markup] in
        let cells =
          [PageParts.figure("image", row.input, of: row.identifier), PageParts.figure("truth", row.truth, of: row.identifier)]
          + row.predictions.map { PageParts.figure($0.run, $0.png, of: row.identifier) }
        return [.element("h3", [:], [Markup(row.identifier)]), .element("div", ["class": "figures"], cells)]
      }
  }

  static let style = """
    :root { color-scheme: light; }
    body { font: 16px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #ffffff; max-width: 62rem; margin: 0 auto; padding: 0 1rem 3rem; }
    h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 0.6rem; } h3 { font-size: 1rem; margin: 1rem 0 0.3rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
    th, td { padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; white-space: nowrap; border-bottom: 1px solid #dddddd; }
    th { vertical-align: bottom; white-space: normal; border-bottom: 2px solid #404040; }
    .number { text-align: right; }
    .notes { border-left: 4px solid #D55E00; padding: 0.4rem 0.8rem; background: #fdf3ec; }
    ul.notes { padding-left: 1.6rem; }
    .flag { background: #D55E00; color: #ffffff; border-radius: 3px; padding: 0 0.35rem; font-size: 0.8rem; }
    .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.875rem; margin: 0.4rem 0; }
    .chart { display: block; width: 100%; max-width: 40rem; height: auto; font-family: system-ui, sans-serif; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
    .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.5rem; }
    figure { margin: 0; break-inside: avoid; }
    figure img { width: 100%; display: block; image-rendering: pixelated; }
    figcaption { font-size: 0.8rem; overflow-wrap: anywhere; }
    details { margin: 0.6rem 0; } summary { cursor: pointer; font-size: 0.875rem; }
    @media print {
      body { font-size: 10pt; max-width: none; padding: 0; }
      table { font-size: 7.5pt; } th, td { padding: 1pt 3pt; white-space: normal; }
      .scroll { overflow: visible; } h2, h3 { break-after: avoid; } tr, .chart { break-inside: avoid; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }
    """
}
