import Configuration
import Tasks

extension RunReport {
  /// The page `report.html`: one file without scripts or references to others, well-formed as XML too.
  package var html: String {
    var body = header
    if !warnings.isEmpty {
      body.append(.element("ul", ["class": "notes"], warnings.map { .element("li", [:], [Markup($0)]) }))
    }
    body += PageParts.section("Curves", curves)
    if let last = results.last { body += PageParts.section("Classes", classes(last)) }
    let diary = diary
    if !diary.isEmpty { body += PageParts.section("The diary of the rarest classes", diary) }
    if let diagnosis, !diagnosis.isEmpty { body += PageParts.section("Worth a look", PageParts.findings(diagnosis)) }
    if let found = details?.confusions, let last = results.last { body += PageParts.section("Confusions", confusions(found, last)) }
    for figure in details?.figures ?? [] { body += PageParts.section(figure.title, self.figure(figure)) }
    if !pictures.isEmpty { body += PageParts.section("Images", images) }
    body += PageParts.section("Time", [PageParts.table(timeTable)] + (phaseTable.rows.isEmpty ? [] : [PageParts.table(phaseTable)]))
    body += PageParts.section("Settings", settings)
    if let environment { body += PageParts.section("Versions and machine", [facts(environment.facts)]) }
    let head: [Markup] = [
      .element("meta", ["charset": "utf-8"]), .element("meta", ["name": "generator", "content": OwnFile.mark]),
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element("meta", ["name": "color-scheme", "content": "light dark"]),
      .element("title", [:], [Markup(name)]), .style(RunReport.style),
    ]
    let page = Markup.element("html", ["lang": "en"], [.element("head", [:], head), .newline, .element("body", [:], body)])
    return "<!DOCTYPE html>\n" + page.text + "\n"
  }

  private var header: [Markup] {
    let configuration = results.configuration
    let words = [
      "\(configuration.objective.name)", modelWords(configuration.model), configuration.data.name,
      "seed \(configuration.seed)",
    ]
    var parts: [Markup] = [
      .element("h1", [:], [Markup(name), " ", .element("span", ["class": "state \(state.rawValue)"], [Markup(state.rawValue)])]),
      .element("p", ["class": "soft"], [Markup(words.joined(separator: " · "))]),
    ]
    if let last = results.last {
      let task = results.task
      var tiles: [(String, String, String)] = []
      if let main = task.main {
        tiles.append((main.title, main.cell(last.main, decimals: 1), "all"))
        tiles += last.groups.reversed().map {
          ("\($0) \(main.title)", main.cell(last.main(ofGroup: $0), decimals: 1), task.style(ofGroup: $0))
        }
      }
      tiles += task.listed.filter { $0.rank != .main }.map { ($0.title, $0.cell(last.value($0), decimals: 1), "") }
      let inPercent = task.listed.allSatisfy { $0.unit == .share }
      parts.append(
        .element(
          "div", ["class": "tiles"],
          tiles.map { title, value, style in
            .element(
              "div", ["class": "tile \(style)-tile"],
              [
                .element("b", [:], [Markup(value)] + (inPercent ? [.element("small", [:], [" %"])] : [])),
                .element("span", [:], [Markup(title)]),
              ])
          }))
      parts.append(
        .element(
          "p", ["class": "soft"],
          [
            Markup(
              "Step \(Formatting.count(last.step)), epoch \(last.epoch) of \(configuration.training.epochs): "
                + "\(Formatting.plural(last.images, "image")) of split \(configuration.evaluation.split)"
                + (task.countsPixels ? " at \(last.resolution) resolution." : "."))
          ]))
    }
    return parts
  }

  /// The model, and its width where its settings have one; the key `model.width` counts for the networks that have it.
  private func modelWords(_ model: Configuration.Model) -> String {
    if let width = model.settings["width"]?.intValue { return "\(model.name) of width \(width)" }
    return ["unet", "segnet"].contains(model.name) ? "\(model.name) of width \(model.width)" : model.name
  }

  private var curves: [Markup] {
    let steps = results.steps
    let loss = StepCurve(steps.map { ($0.step, $0.countedLoss) })
    let rate = StepCurve(steps.compactMap { step in step.learningRate.map { (step.step, $0) } })
    let (task, evaluations) = (results.task, results.evaluations)
    func score(_ name: String, _ style: String, _ value: (EvaluationRecord) -> Double?) -> CurveChart.Curve {
      CurveChart.Curve(
        name: name, style: style,
        points: evaluations.compactMap { record in value(record).map { (Double(record.step), task.main?.scaled($0) ?? $0) } })
    }
    let title = task.main?.title ?? "score"
    let groups = evaluations.last?.groups ?? task.groups
    let scores =
      groups.map { group in score(group, task.style(ofGroup: group)) { $0.main(ofGroup: group) } } + [score(title, "all") { $0.main }]
    let charts = [
      CurveChart(
        curves: [
          .init(
            name: "training loss", style: "all", points: loss.pieces.map { ($0.step, $0.mean) },
            band: loss.pieces.map { ($0.low, $0.high) })
        ], title: "training loss", beginsAtZero: false),
      CurveChart(curves: scores, title: task.main?.axis ?? "", beginsAtZero: true, hasMarks: results.evaluations.count <= 40),
      CurveChart(
        curves: [.init(name: "learning rate", style: "all", points: rate.pieces.map { ($0.step, $0.mean) })], title: "learning rate",
        beginsAtZero: true),
    ]
    let length = max(1, (steps.count + 239) / 240)
    let note =
      length > 1 ? "Points are means over \(length) steps, the band around the loss goes from the least to the largest of them. " : ""
    return [
      .element("p", ["class": "soft"], [Markup(note + "Losses of different objectives cannot be compared.")]),
      PageChart.legend([(title, "all")] + groups.map { ($0, task.style(ofGroup: $0)) }),
      .element("div", ["class": "charts"], charts.map { $0.markup() }),
      PageParts.detail("The numbers of the evaluations", PageParts.table(evaluationTable)),
    ]
  }

  private var evaluationTable: TextTable {
    let task = results.task
    let groups = results.last?.groups ?? []
    let others = task.listed.filter { $0.rank != .main }
    var headings: [String] = ["step", "epoch", task.main?.heading ?? ""]
    headings += groups.map { "\($0) %" }
    headings += others.map(\.heading)
    var table = TextTable(columns: headings.map { .init($0, isNumeric: true) })
    for record in results.evaluations {
      let main = [record.main] + groups.map { record.main(ofGroup: $0) }
      var cells: [String] = [Formatting.count(record.step), "\(record.epoch)"]
      cells += main.map { task.main?.cell($0) ?? "–" }
      cells += others.map { $0.cell(record.value($0)) }
      table.append(cells)
    }
    return table
  }

  private func classes(_ last: EvaluationRecord) -> [Markup] {
    [
      .element(
        "p", ["class": "soft"],
        [Markup("Groups come from the classes' \(last.task.groupSource); in each, the most frequent class stands first.")]),
      last.task.mainOfClasses?.unit == .share && last.classes.count <= ConfusionChart.mostClasses ? ClassBars(record: last).markup() : "",
      PageParts.detail("The numbers", PageParts.table(ClassTable(last).table)),
    ] + (ClassTable(last).omission.map { [.element("p", ["class": "soft"], [Markup($0)])] } ?? [])
  }

  private func confusions(_ counts: ConfusionCounts, _ last: EvaluationRecord) -> [Markup] {
    let (names, unit) = (details?.classNames ?? [], results.task.unit)
    let isSame = last.classes.map(\.name) == names
    let order = isSame ? last.groupedOrder : Array(names.indices)
    let groups = isSame ? last.classes.map { results.task.style(ofGroup: $0.group) } : names.map { _ in "all" }
    var table = TextTable(columns: [
      .init("truth"), .init("taken for"), .init("of its \(unit), %", isNumeric: true), .init(unit, isNumeric: true),
    ])
    let found = counts.confusions()
    for confusion in found.prefix(20) {
      table.append([
        names[confusion.truth], names[confusion.prediction], Formatting.percent(confusion.share, decimals: 1),
        Formatting.count(confusion.count),
      ])
    }
    let listing = found.count > 20 ? "The 20 largest confusions" : "The largest confusions"
    let list: [Markup] =
      found.isEmpty
      ? [.element("p", ["class": "soft"], [Markup("No \(unit) were taken for another class.")])]
      : [.element("h3", [:], [Markup(listing)]), PageParts.table(table)]
    // The picture of thousands of classes would be one nobody can read, and larger than all the rest.
    guard names.count <= ConfusionChart.mostClasses else { return list }
    let chart = ConfusionChart(confusions: counts, names: names, groups: groups, unit: unit, order: order).markup()
    return [
      .element(
        "p", ["class": "soft"],
        [
          Markup(
            "Each row is a true class: how many per cent of its \(unit) were taken for the class of the column. A perfect network fills the "
              + "diagonal alone.")
        ]), .element("div", ["class": "scroll"], [chart]),
    ] + list
  }

  /// A figure of the task.
  private func figure(_ figure: Figure) -> [Markup] {
    let styles = ["all", "head", "medium", "tail"]
    let curves = figure.curves.enumerated().map { place, curve in
      CurveChart.Curve(name: curve.name, style: styles[place % styles.count], points: curve.points.map { ($0.x, $0.y) })
    }
    return [
      .element("p", ["class": "soft"], [Markup(figure.text)]), PageChart.legend(curves.map { ($0.name, $0.style) }),
      CurveChart(curves: curves, title: figure.up, beginsAtZero: true, hasMarks: true, across: figure.across).markup(),
    ]
  }

  /// What an image's own score is called, where it is not of the kind that the whole is judged by.
  private var imageScore: String? { results.task.countUnit == .images ? "probability of the true class" : nil }

  private var images: [Markup] {
    let names = results.last?.classes.map(\.name) ?? []
    func rows(_ title: String, _ entries: [ReportPictures.Entry]) -> [Markup] {
      guard !entries.isEmpty else { return [] }
      return [.element("h3", [:], [Markup(title)])]
        + entries.map { entry in
          .element(
            "div", ["class": "example"],
            [
              .element(
                "p", [:],
                [
                  .element("b", [:], [Markup(entry.name)]),
                  Markup(results.task.main.map { " \(imageScore ?? $0.title) \($0.text(entry.score, decimals: 1))" } ?? ""),
                ]),
              .element(
                "div", ["class": "figures"],
                [
                  PageParts.figure("input", entry.input, of: entry.name), PageParts.figure("truth", entry.truth, of: entry.name),
                  PageParts.figure("prediction", entry.prediction, of: entry.name),
                ]),
            ])
        }
    }
    guard results.task.countsPixels else {
      return [.element("p", ["class": "soft"], ["Images are ranked by \(imageScore.map { "the \($0)" } ?? "their own score")."])]
        + rows("Worst", pictures.worst) + rows("Best", pictures.best)
    }
    return [
      .element(
        "p", ["class": "soft"],
        ["Images are ranked by their own score, over the classes that occur in them. What has no label is black in the truth."]),
      names.count <= ConfusionChart.mostClasses ? PageParts.classLegend(zip(names, results.colours).map { ($0, $1) }) : "",
    ] + rows("Worst", pictures.worst) + rows("Best", pictures.best)
  }
}
