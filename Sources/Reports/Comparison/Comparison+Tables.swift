import Tasks

extension Comparison {
  /// The main table: a line for each candidate.
  package var summaryTable: TextTable {
    var table = TextTable(
      columns: [.init("name"), .init("objective"), .init("runs", isNumeric: true)] + metrics.map { .init($0.title, isNumeric: true) })
    for candidate in candidates {
      table.append(
        [candidate.name, candidate.objective, "\(candidate.finished.count)"]
          + metrics.map { metric in candidate.statistics(metric).text(metric.format) })
    }
    return table
  }

  /// A line for each run.
  package var runTable: TextTable {
    let hasFolds = hasFolds
    var columns: [TextTable.Column] = [.init("name")]
    if hasFolds { columns.append(.init("fold", isNumeric: true)) }
    columns += [.init("seed", isNumeric: true), .init("step", isNumeric: true)]
    columns += metrics.map { .init($0.title, isNumeric: true) }
    columns.append(.init("note"))
    var table = TextTable(columns: columns)
    for entry in entries {
      var cells: [String] = [entry.candidate]
      if hasFolds { cells.append(entry.fold.map { "\($0)" } ?? "") }
      cells += ["\(entry.seed)", Formatting.count(entry.results.last?.step ?? 0)]
      cells += metrics.map { metric in metric.value(entry).map(metric.format) ?? "–" }
      cells.append(entry.isFinished ? "" : "not finished")
      table.append(cells)
    }
    return table
  }

  /// What the differences are, as a heading.
  var differenceHeading: String { "Differences over pairs of equal \(hasFolds ? "fold and seed" : "seeds"), in points" }

  /// Differences to the first candidate over pairs of equal fold and seed; nil where there is nothing to compare.
  package var differenceTable: TextTable? {
    let (first, others) = (candidates.first, candidates.dropFirst())
    guard let first, !first.finished.isEmpty, others.contains(where: { !$0.finished.isEmpty }) else { return nil }
    let shown = standard
    var table = TextTable(
      columns: [.init("minus \(first.name)"), .init("pairs", isNumeric: true)] + shown.map { .init($0.title, isNumeric: true) })
    for candidate in others {
      let differences = shown.map { difference($0, of: candidate) }
      table.append(
        [candidate.name, "\(differences.first?.count ?? 0)"]
          + zip(shown, differences).map { metric, difference in
            guard let mean = difference.mean else { return "–" }
            return (mean > 0 ? "+" : "") + difference.text(metric.format)
          })
    }
    return table
  }

  /// What classes are judged by, as a heading.
  var classHeading: String { "\(task.mainOfClasses?.title ?? "Scores") by class" }

  /// The main score by class and candidate, the most frequent classes first.
  package var classTable: TextTable {
    let candidates = candidates
    let classes = entries.lazy.compactMap(\.results.last).first?.classes ?? []
    var table = TextTable(
      columns: [.init("class"), .init("group"), .init("train %", isNumeric: true)] + candidates.map { .init($0.name, isNumeric: true) })
    for k in classOrder where k < classes.count {
      table.append(
        [classes[k].name, classes[k].group, classes[k].trainingShare.map { Formatting.percent($0) } ?? "–"]
          + candidates.map { text(ofClass: k, $0) })
    }
    return table
  }

  private func text(ofClass k: Int, _ candidate: Candidate) -> String {
    metric(ofClass: k).map { statistics(ofClass: k, candidate).text($0.format) } ?? "–"
  }

  /// What a candidate makes of each class: what it learned from, and what became of it.
  package func diagnosisTable(of candidate: Candidate) -> TextTable {
    guard TailDiagnosis.fits(task) else { return outcomeTable(of: candidate) }
    let results = candidate.finished.map(\.results)
    let facts = TailDiagnosis.ClassFacts.pooled(facts, results)
    let training = results.first?.training ?? .init()
    var table = TextTable(columns: [
      .init("class"), .init("training pixels", isNumeric: true), .init("train %", isNumeric: true), .init("images", isNumeric: true),
      .init("gradient %", isNumeric: true), .init("pixels", isNumeric: true), .init("predicted", isNumeric: true),
      .init("precision %", isNumeric: true), .init("recall %", isNumeric: true),
      .init(task.mainOfClasses?.heading ?? "score", isNumeric: true),
      .init("mostly taken for"),
    ])
    func percent(_ value: Double?) -> String { value.map { Formatting.percent($0) } ?? "–" }
    for k in classOrder where k < facts.count {
      let own = facts[k]
      let runs = max(1, results.count)
      var cells = [own.name, k < training.counts.count ? Formatting.count(training.counts[k]) : "–", percent(own.trainingShare)]
      cells += [own.trainingImages.map(Formatting.count) ?? "–", percent(own.gradientShare), Formatting.count(own.pixels / runs)]
      cells.append(own.isNeverPredicted ? "never" : Formatting.count(own.predictedPixels / runs))
      cells += [percent(own.precision), percent(own.recall), text(ofClass: k, candidate)]
      cells.append(
        own.takenFor.map { "\($0.name) (\(Formatting.percent(Double($0.pixels) / Double(max(1, own.pixels)), decimals: 0)) %)" } ?? "")
      table.append(cells)
    }
    return table
  }

  /// The same for a task without a diagnosis: counts of training, and every listed score.
  private func outcomeTable(of candidate: Candidate) -> TextTable {
    let (task, records) = (task, candidate.finished.compactMap(\.results.last))
    let training = candidate.finished.first?.results.training ?? .init()
    // Where images are counted, a column of images would say the same twice.
    let listsImages = task.countUnit != .images
    var table = TextTable(
      columns: [.init("class"), .init("group"), .init("training \(task.unit)", isNumeric: true)]
        + (listsImages ? [.init("images", isNumeric: true)] : []) + task.listedOfClasses.map { .init($0.heading, isNumeric: true) })
    for k in classOrder {
      let own = records.compactMap { k < $0.classes.count ? $0.classes[k] : nil }
      guard let first = own.first else { continue }
      var cells = [first.name, first.group, k < training.counts.count ? Formatting.count(training.counts[k]) : "–"]
      if listsImages { cells.append(k < training.images.count ? training.images[k].map(Formatting.count) ?? "–" : "–") }
      cells += task.listedOfClasses.map { kind in SampleStatistics(own.map { $0.value(kind) }).text { kind.cell($0) } }
      table.append(cells)
    }
    return table
  }

  /// The findings about a candidate's classes; nil for a task without a diagnosis.
  package func diagnosis(of candidate: Candidate) -> TailDiagnosis? { TailDiagnosis(facts, candidate.finished.map(\.results)) }

  /// The main score and that of the rarest group after each evaluation, as means over the finished runs.
  package var curveTable: TextTable {
    let (task, candidates) = (task, candidates)
    let quantities = ComparedCurve.quantities(task)
    var table = TextTable(
      columns: [.init("epoch", isNumeric: true)]
        + candidates.flatMap { candidate in quantities.map { .init($0.heading(task, candidate.name), isNumeric: true) } })
    let curves = candidates.map { candidate in quantities.map { ComparedCurve($0, candidate) } }
    let epochs = Set(curves.joined().flatMap { $0.mean.map(\.x) }).sorted()
    for epoch in epochs {
      table.append(
        [Formatting.decimals(epoch, 0)]
          + curves.joined().map { curve in
            guard let point = curve.mean.first(where: { $0.x == epoch }) else { return "" }
            return curve.quantity == .loss ? Formatting.significant(point.y, 4) : Formatting.decimals(point.y, 2)
          })
    }
    return table
  }

  /// What a reader has to know where runs of one network were computed with different algorithms; nil where they were not.
  package var algorithmNote: String? {
    let networks = Dictionary(grouping: entries, by: \.results.passesKey)
    let differing = networks.values.first { Set($0.compactMap(\.results.algorithms?.digest)).count > 1 }
    guard let differing else { return nil }
    let groups = Dictionary(grouping: differing.filter { $0.results.algorithms != nil }) { $0.results.algorithms?.digest ?? "" }
    let listed = groups.sorted { $0.key < $1.key }.map { digest, runs in
      "\(digest.prefix(8)) (\(runs.first?.results.algorithms?.source ?? "")): \(runs.map(\.label).joined(separator: "; "))"
    }
    return "The convolutions of these runs were computed with different algorithms, so that equal seeds do not give equal bits: "
      + listed.joined(separator: ". ") + "."
  }

  /// The lines that say what the numbers are.
  package var explanation: [String] {
    let last = entries.lazy.compactMap(\.results.last).first
    let images = Set(entries.compactMap { $0.results.last?.images }).sorted()
    let count = images.count > 1 ? "\(images[0]) to \(Formatting.plural(images[images.count - 1], "image"))" : nil
    var lines = [
      "Numbers are those of each run's last evaluation"
        + (last.map { ", over \(count ?? Formatting.plural($0.images, "image"))" } ?? "")
        + (last.map { task.countsPixels ? " at \($0.resolution) resolution" : "" } ?? "")
        + ". They are means over \(hasFolds ? "folds and seeds" : "seeds"); ± is the standard deviation of a sample (n − 1), left out for a "
        + "single run.",
      "s/step is the median time of a step. Losses of different objectives are not comparable.",
    ]
    if hasFolds {
      lines.insert(
        "The training samples were dealt out into folds; each run was judged on the fold that it was not trained on. Folds differ in "
          + "difficulty, so ± holds more than chance does; differences over pairs of equal fold and seed do not. Groups by "
          + "share are those of all training samples, the same for every fold.",
        at: 1)
    }
    if let algorithmNote { lines.append(algorithmNote) }
    lines += remarks
    return lines
  }
}
