import Tasks

/// The table of an evaluation: every class with its numbers, the most frequent in training first, then the means.
package struct ClassTable: Sendable {
  /// The evaluation that is shown.
  package let record: EvaluationRecord

  /// Shows an evaluation.
  package init(_ record: EvaluationRecord) { self.record = record }

  private var task: TaskDescription { record.task }
  private var showsGradients: Bool { record.classes.contains { $0.gradientShare != nil } }

  /// Classes by falling training share; those without one last, and equal ones in the data set's order.
  private var ordered: [ClassRecord] {
    record.classes.enumerated().sorted { first, second in
      let (one, other) = (first.element.trainingShare ?? -1, second.element.trainingShare ?? -1)
      return one != other ? one > other : first.offset < second.offset
    }.map(\.element)
  }

  /// More classes than these are not all listed where people read: `final-table.md` has them all.
  static let mostListed = 256
  /// How many of the most frequent and of the rarest classes are listed then.
  static let listedOfMany = 20

  /// The classes that are listed where people read.
  private var shown: [ClassRecord] {
    let all = ordered
    return all.count <= ClassTable.mostListed ? all : Array(all.prefix(ClassTable.listedOfMany) + all.suffix(ClassTable.listedOfMany))
  }

  /// What is left out where people read; nil where nothing is.
  var omission: String? {
    guard record.classes.count > ClassTable.mostListed else { return nil }
    return "Of \(Formatting.count(record.classes.count)) classes the \(ClassTable.listedOfMany) most frequent and the "
      + "\(ClassTable.listedOfMany) rarest are listed; final-table.md has all."
  }

  /// The classes, as far as people read them.
  var table: TextTable { table(of: shown) }

  private func table(of classes: [ClassRecord]) -> TextTable {
    var columns: [TextTable.Column] = [
      .init("class"), .init("group"), .init("train %", isNumeric: true), .init(task.unit, isNumeric: true),
    ]
    columns += task.listedOfClasses.map { .init($0.heading, isNumeric: true) }
    if showsGradients { columns.append(.init("gradient %", isNumeric: true)) }
    columns.append(.init("note"))
    var table = TextTable(columns: columns)
    func percent(_ share: Double?) -> String { share.map { Formatting.percent($0) } ?? "–" }
    for row in classes {
      var cells = [row.name, row.group, percent(row.trainingShare), Formatting.count(row.count)]
      cells += task.listedOfClasses.map { $0.cell(row.value($0)) }
      if showsGradients { cells.append(percent(row.gradientShare)) }
      table.append(cells + [note(on: row)])
    }
    return table
  }

  private func note(on row: ClassRecord) -> String {
    if row.isNeverPredicted { return "never predicted" }
    if row.count == 0 { return row.predictedCount == 0 ? "does not occur" : "does not occur, but is predicted" }
    return ""
  }

  /// The lines below the table: means over the groups and over all, with the number of classes in each.
  private var means: TextTable {
    var table = TextTable(columns: [.init("mean"), .init("%", isNumeric: true), .init("over")])
    func line(_ kind: ScoreKind, _ suffix: String, _ value: Double?, _ over: String) {
      table.append([kind.title + suffix, kind.cell(value), over])
    }
    let labelled = "\(Formatting.count(record.classes.reduce(0) { $0 + $1.count })) labelled \(task.unit)"
    if let main = task.main {
      for group in record.groups {
        line(main, " \(group)", record.main(ofGroup: group), record.averagedClasses(main, group: group).map(classes) ?? "")
      }
      let over = main.meanOf == nil ? labelled : "\(classes(record.averagedClasses)) of \(record.classes.count)"
      line(main, "", record.main, over)
    }
    // Means over classes first, then what is over all that is labelled.
    let others = task.listed.filter { kind in kind.rank != .main && record.scores.contains { $0.kind == kind } }
    for kind in others.filter({ $0.meanOf != nil }) + others.filter({ $0.meanOf == nil }) {
      line(kind, "", record.value(kind), record.averagedClasses(kind).map(classes) ?? labelled)
    }
    return table
  }

  private func classes(_ number: Int) -> String { number == 1 ? "1 class" : "\(number) classes" }

  private var caption: String {
    "Step \(record.step), epoch \(record.epoch): \(Formatting.plural(record.images, "image"))"
      + (task.countsPixels ? " at \(record.resolution) resolution." : ".")
      + " Groups come from \(task.groupSource)."
  }

  /// The table for a terminal or a log, with a line end.
  /// - Parameter terminal: decides about colour: classes that are never predicted stand out.
  package func text(for terminal: Terminal = .plain) -> String {
    let lines = table.lines.map { $0.hasSuffix("never predicted") ? terminal.styled($0, .warning) : $0 }
    return ([caption, ""] + lines + (omission.map { ["", $0] } ?? []) + [""] + means.lines).joined(separator: "\n") + "\n"
  }

  /// The page `final-table.md`.
  /// - Parameter title: its heading.
  package func markdown(title: String) -> String {
    (["# \(title)", "", caption, ""] + table(of: ordered).markdownLines + [""] + means.markdownLines).joined(separator: "\n") + "\n"
  }
}
