import Configuration
import Metrics

extension RunReport {
  /// The page `report.html`: one file without scripts or references to others, well-formed as XML too.
  public var html: String {
    var body = header
    if !warnings.isEmpty {
      body.append(.element("ul", ["class": "notes"], warnings.map { .element("li", [:], [Markup($0)]) }))
    }
    body += PageParts.section("Curves", curves)
    if let last = results.last { body += PageParts.section("Classes", classes(last)) }
    if !diagnosis.isEmpty { body += PageParts.section("Worth a look", PageParts.findings(diagnosis)) }
    if let details, let last = results.last { body += PageParts.section("Confusions", confusions(details, last)) }
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
      "\(configuration.objective.name)", "\(configuration.model.name) of width \(configuration.model.width)", configuration.data.name,
      "seed \(configuration.seed)",
    ]
    var parts: [Markup] = [
      .element("h1", [:], [Markup(name), " ", .element("span", ["class": "state \(state.rawValue)"], [Markup(state.rawValue)])]),
      .element("p", ["class": "soft"], [Markup(words.joined(separator: " · "))]),
    ]
    if let last = results.last {
      let groups = ["tail", "medium", "head"].map { ("\($0) mIoU", last.meanIntersectionOverUnion(of: $0), $0) }
      let tiles: [(String, Double?, String)] =
        [("mIoU", last.miou, "all")] + groups
        + [("pixel accuracy", last.pixelAccuracy, ""), ("mean accuracy", last.meanAccuracy, "")]
      parts.append(
        .element(
          "div", ["class": "tiles"],
          tiles.map { title, value, style in
            .element(
              "div", ["class": "tile \(style)-tile"],
              [
                .element("b", [:], [Markup(value.map { Formatting.percent($0, decimals: 1) } ?? "–"), .element("small", [:], [" %"])]),
                .element("span", [:], [Markup(title)]),
              ])
          }))
      parts.append(
        .element(
          "p", ["class": "soft"],
          [
            Markup(
              "Step \(Formatting.count(last.step)), epoch \(last.epoch) of \(configuration.training.epochs): "
                + "\(Formatting.plural(last.images, "image")) of split \(configuration.evaluation.split) at \(last.resolution) resolution.")
          ]))
    }
    return parts
  }

  private var curves: [Markup] {
    let steps = results.steps
    let loss = StepCurve(steps.map { ($0.step, $0.loss) })
    let rate = StepCurve(steps.compactMap { step in step.learningRate.map { (step.step, $0) } })
    func score(_ name: String, _ style: String, _ value: (EvaluationRecord) -> Double?) -> CurveChart.Curve {
      CurveChart.Curve(
        name: name, style: style, points: results.evaluations.compactMap { record in value(record).map { (Double(record.step), $0 * 100) } }
      )
    }
    let scores =
      ["head", "medium", "tail"].map { group in score(group, group) { $0.meanIntersectionOverUnion(of: group) } }
      + [score("mIoU", "all") { $0.miou }]
    let charts = [
      CurveChart(
        curves: [
          .init(
            name: "training loss", style: "all", points: loss.pieces.map { ($0.step, $0.mean) },
            band: loss.pieces.map { ($0.low, $0.high) })
        ], title: "training loss", beginsAtZero: false),
      CurveChart(curves: scores, title: "mIoU, %", beginsAtZero: true, hasMarks: results.evaluations.count <= 40),
      CurveChart(
        curves: [.init(name: "learning rate", style: "all", points: rate.pieces.map { ($0.step, $0.mean) })], title: "learning rate",
        beginsAtZero: true),
    ]
    let length = max(1, (steps.count + 239) / 240)
    let note =
      length > 1 ? "Points are means over \(length) steps, the band around the loss goes from the least to the largest of them. " : ""
    return [
      .element("p", ["class": "soft"], [Markup(note + "Losses of different objectives cannot be compared.")]),
      PageChart.legend([("mIoU", "all"), ("head", "head"), ("medium", "medium"), ("tail", "tail")]),
      .element("div", ["class": "charts"], charts.map { $0.markup() }),
      PageParts.detail("The numbers of the evaluations", PageParts.table(evaluationTable)),
    ]
  }

  private var evaluationTable: TextTable {
    var table = TextTable(
      columns: [.init("step", isNumeric: true), .init("epoch", isNumeric: true)]
        + ["mIoU %", "head %", "medium %", "tail %", "pixel accuracy %", "mean accuracy %"].map { .init($0, isNumeric: true) })
    for record in results.evaluations {
      let values =
        [record.miou] + ["head", "medium", "tail"].map { record.meanIntersectionOverUnion(of: $0) }
        + [record.pixelAccuracy, record.meanAccuracy]
      table.append(
        [Formatting.count(record.step), "\(record.epoch)"] + values.map { $0.map { Formatting.percent($0) } ?? "–" })
    }
    return table
  }

  private func classes(_ last: EvaluationRecord) -> [Markup] {
    [
      .element(
        "p", ["class": "soft"],
        ["Groups come from the classes' shares of the labelled training pixels; in each, the most frequent class stands first."]),
      ClassBars(record: last).markup(), PageParts.detail("The numbers", PageParts.table(ClassTable(last).table)),
    ]
  }

  private func confusions(_ details: EvaluationDetails, _ last: EvaluationRecord) -> [Markup] {
    let names = details.classNames
    let isSame = last.classes.map(\.name) == names
    let order = isSame ? last.groupedOrder : Array(names.indices)
    let groups = isSame ? last.classes.map(\.group) : names.map { _ in "all" }
    var table = TextTable(columns: [
      .init("truth"), .init("taken for"), .init("of its pixels, %", isNumeric: true), .init("pixels", isNumeric: true),
    ])
    let found = details.confusions()
    for confusion in found.prefix(20) {
      table.append([
        names[confusion.truth], names[confusion.prediction], Formatting.percent(confusion.share, decimals: 1),
        Formatting.count(confusion.pixels),
      ])
    }
    let chart = ConfusionChart(matrix: details.matrix, names: names, groups: groups, order: order).markup()
    let listing = found.count > 20 ? "The 20 largest confusions" : "The largest confusions"
    return [
      .element(
        "p", ["class": "soft"],
        [
          """
          Each row is a true class: how many per cent of its pixels were taken for the class of the column. A perfect network fills the \
          diagonal alone.
          """
        ]),
      .element("div", ["class": "scroll"], [chart]), .element("h3", [:], [Markup(listing)]), PageParts.table(table),
    ]
  }

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
                  Markup(" mIoU \(Formatting.percent(entry.meanIntersectionOverUnion, decimals: 1)) %"),
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
    return [
      .element(
        "p", ["class": "soft"],
        ["Images are ranked by the mean IoU of the classes that occur in them. Pixels without a label are black in the truth."]),
      PageParts.classLegend(zip(names, results.colours).map { ($0, $1) }),
    ] + rows("Worst", pictures.worst) + rows("Best", pictures.best)
  }
}
