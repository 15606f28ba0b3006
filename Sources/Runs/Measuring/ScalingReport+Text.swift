import Reports
import Training

extension ScalingReport {
  /// The result as a table and three sentences.
  package var text: String {
    var table = TextTable(
      columns: [.init("run")]
        + ["images", "step ms", "images/s", "times one", "reductions %"].map { .init($0, isNumeric: true) })
    for part in ScalingReport.parts.map({ self[keyPath: $0] }) {
      table.append([
        name(part), Formatting.count(part.batch), Formatting.significant(part.medianStep * 1e3, 4),
        Formatting.significant(part.imagesPerSecond, 4), Formatting.decimals(part.imagesPerSecond / single.imagesPerSecond, 2),
        Formatting.percent(part.reductionShare),
      ])
    }
    var machine: [String] = []
    if let allowed = machineEfficiency {
      machine = [
        "\(ranks.ranks) processes that share nothing take \(Formatting.significant(independent.medianStep * 1e3, 4)) ms when they run at once: "
          + "the machine allows \(Formatting.decimals(allowed, 3)), of which the ranks reach \(Formatting.decimals(efficiency / allowed, 3))."
      ]
    }
    let title = single.rounds.first.map { "\($0.model), \($0.width)x\($0.height), \(Formatting.plural(single.rounds.count, "round"))" }
    var lines: [String] = [title ?? "", ""]
    lines += table.lines
    lines.append("")
    lines.append(
      "Efficiency of \(ranks.ranks) ranks: \(Formatting.decimals(efficiency, 3)); of \(threads.threads) threads: "
        + "\(Formatting.decimals(threadEfficiency, 3)).")
    lines += machine
    lines.append("\(name(ranks)) are \(Formatting.decimals(ranksOverThreads, 3)) times as fast as \(name(threads)).")
    lines.append("Sums over ranks, waiting for the slowest included, take \(Formatting.percent(ranks.reductionShare)) % of a step.")
    lines.append("")
    return lines.joined(separator: "\n")
  }

  /// The whole result, times in milliseconds.
  package var json: JSONValue {
    func values(_ part: Part) -> JSONValue {
      .members([
        "ranks": .int(part.ranks), "threads": .int(part.threads), "batch": .int(part.batch),
        "stepMilliseconds": .double(part.medianStep * 1e3), "imagesPerSecond": .double(part.imagesPerSecond),
        "reductionShare": .double(part.reductionShare),
        "roundMilliseconds": .array(part.rounds.map { .double($0.medianStep * 1e3) }),
      ])
    }
    return .members([
      "machineEfficiency": machineEfficiency.map { .double($0) } ?? .null,
      "independent": independent.rounds.isEmpty ? .null : values(independent),
      "benchmark": .string("scale"), "longtail": .string(Versions.longtail), "model": .string(single.rounds.first?.model ?? ""),
      "single": values(single), "threads": values(threads), "ranks": values(ranks), "efficiency": .double(efficiency),
      "threadEfficiency": .double(threadEfficiency), "ranksOverThreads": .double(ranksOverThreads),
      "reductionShare": .double(ranks.reductionShare),
    ])
  }

  private func name(_ part: Part) -> String {
    "\(Formatting.plural(part.ranks, "rank")) x \(Formatting.plural(part.threads, "thread"))"
  }
}
