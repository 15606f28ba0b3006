import Tasks

extension RunReport {
  /// More classes than these have no chart of their own.
  static let mostDiaries = 12

  /// Places of the rarest classes, the rarest first: those of the last group, and of the group before it where that has none.
  var diaryClasses: [Int] {
    guard let last = results.last, last.classes.contains(where: { $0.diary != nil }) else { return [] }
    for group in results.task.groups.reversed() {
      let own = last.classes.indices.filter { last.classes[$0].group == group }
      if own.isEmpty { continue }
      let sorted = own.sorted { one, other in
        let (a, b) = (last.classes[one].trainingShare ?? 0, last.classes[other].trainingShare ?? 0)
        return a != b ? a < b : one < other
      }
      return Array(sorted.prefix(RunReport.mostDiaries))
    }
    return []
  }

  /// The diary of the rarest classes: what became of each, and which quantity could have shown it early.
  var diary: [Markup] {
    let classes = diaryClasses
    guard !classes.isEmpty, let last = results.last else { return [] }
    let stories = classes.map { ClassStory(results, class: $0) }
    let (task, unit) = (results.task, results.task.unit)
    let list = stories.map { story -> Markup in
      let line = ([story.outcomeText + "."] + story.remarks).joined(separator: " ")
      return .element("li", [:], [.element("b", [:], [Markup(story.name)]), Markup(" " + line)])
    }
    var parts: [Markup] = [
      .element(
        "p", ["class": "soft"],
        [
          Markup(
            "What happened to the rarest classes between evaluations. Own probability: what evaluated \(unit) of the class give to it on average. "
              + "Gradient share: the part of the squared gradient at the scores, before the objective scales it; scale: the mean factor of the "
              + "objective. Moments: norms of what the optimizer remembers of the class's row of the classifier. A line across the strips marks "
              + "the epoch from which on the class was found or lost.")
        ]), .element("ul", [:], list),
      .element(
        "div", ["class": "charts"],
        zip(classes, stories).map { k, story in
          DiaryChart(story, task, style: task.style(ofGroup: last.classes[k].group)).markup()
        }),
    ]
    if let early = EarlySigns(stories, task) {
      parts += [.element("h3", [:], [Markup(early.heading)]), PageParts.table(early.table)]
      if !early.sentences.isEmpty { parts.append(.element("p", [:], [Markup(early.sentences.joined(separator: " "))])) }
    }
    return parts
  }
}

/// What the diaries of some classes said after a third of a run, beside what became of the classes.
struct EarlySigns {
  private let stories: [ClassStory]
  private let task: TaskDescription
  /// The place of the early evaluation.
  private let place: Int

  /// Nil where there are fewer than three evaluations, or no diaries.
  init?(_ stories: [ClassStory], _ task: TaskDescription) {
    let evaluations = stories.first?.points ?? []
    guard evaluations.count >= 3, let end = evaluations.last?.epoch,
      let place = evaluations.firstIndex(where: { $0.epoch >= end / 3 }), place < evaluations.count - 1
    else { return nil }
    let known = stories.filter { $0.points.indices.contains(place) && $0.points[place].diary != nil && $0.points.last?.score != nil }
    guard !known.isEmpty else { return nil }
    (self.stories, self.task, self.place) = (known, task, place)
  }

  var heading: String { "What could be seen after epoch \(Int(stories[0].points[place].epoch))" }

  private var quantities: [DiaryQuantity] {
    DiaryQuantity.allCases.filter { quantity in stories.contains { quantity.value($0.points[place].diary) != nil } }
  }

  /// The classes with the best score at the end first.
  var table: TextTable {
    let kind = task.mainOfClasses
    var table = TextTable(
      columns: [.init("class"), .init("\(kind?.heading ?? "score") then", isNumeric: true)]
        + quantities.map { .init($0.title(task), isNumeric: true) } + [.init("\(kind?.heading ?? "score") in the end", isNumeric: true)])
    func final(_ story: ClassStory) -> Double { story.points.last?.score ?? 0 }
    for story in stories.sorted(by: { final($0) > final($1) }) {
      let point = story.points[place]
      table.append(
        [story.name, kind?.cell(point.score) ?? "–"]
          + quantities.map { quantity in quantity.value(point.diary).map(DiaryChart.number) ?? "–" }
          + [kind?.cell(story.points.last?.score) ?? "–"])
    }
    return table
  }

  /// For each quantity the part of the pairs of classes of which the one with more of it had the better score in the end; nil for fewer
  /// than three pairs that differ in both.
  func agreement(_ quantity: DiaryQuantity) -> Double? {
    let known = stories.compactMap { story -> (early: Double, final: Double)? in
      guard let early = quantity.value(story.points[place].diary), let final = story.points.last?.score else { return nil }
      return (early, final)
    }
    var (same, all) = (0, 0)
    for (index, one) in known.enumerated() {
      for other in known[..<index] where one.early != other.early && one.final != other.final {
        all += 1
        if (one.early > other.early) == (one.final > other.final) { same += 1 }
      }
    }
    return all >= 3 ? Double(same) / Double(all) : nil
  }

  /// Which quantity could have shown it early.
  var sentences: [String] {
    let found = quantities.compactMap { quantity in agreement(quantity).map { (quantity, $0) } }.sorted { $0.1 > $1.1 }
    guard !found.isEmpty else { return [] }
    let list = found.map { "\(Formatting.percent($1, decimals: 0)) % for \($0.title(task).replacingOccurrences(of: ", %", with: ""))" }
    return [
      "Of the pairs of these classes, the one with more of a quantity then had the better score in the end in "
        + list.joined(separator: ", ") + " (50 % would be chance; far below it says as much as far above, in the opposite direction)."
    ]
  }
}
