import Configuration
import Tensors

/// Times and settings.
extension RunReport {
  /// How long it took.
  var timeTable: TextTable {
    var table = TextTable(columns: [.init("what"), .init("how much", isNumeric: true)])
    let steps = results.steps
    table.append(["steps", Formatting.count(results.stepCount) + (results.totalSteps.map { " of \(Formatting.count($0))" } ?? "")])
    table.append(["steps and evaluations", Formatting.duration(results.trainingSeconds)])
    if let seconds = results.secondsPerStep {
      table.append(["a step (median)", "\(Formatting.significant(seconds, 3)) s"])
      let images = steps.filter { $0.images > 0 }.map { Double($0.images) }.median
      if let images, seconds > 0 { table.append(["images a second", Formatting.significant(images / seconds, 3)]) }
    }
    if let seconds = SampleStatistics(results.evaluations.map(\.seconds)).mean {
      table.append(["an evaluation (mean of \(results.evaluations.count))", Formatting.duration(seconds)])
    }
    return table
  }

  /// Phases of a step in the order of a step, those of later builds at the end.
  private static let knownPhases = ["data", "forward", "objective", "reduceStatistics", "backward", "reduceGradients", "update"]

  /// Where the time of a step goes, on rank zero.
  var phaseTable: TextTable {
    var sums: [String: Double] = [:]
    for step in results.steps { for phase in step.phases { sums[phase.name, default: 0] += phase.value } }
    let whole = sums.values.reduce(0, +)
    var table = TextTable(columns: [.init("phase"), .init("of the time, %", isNumeric: true), .init("s a step", isNumeric: true)])
    guard whole > 0 else { return table }
    let names = RunReport.knownPhases.filter { sums[$0] != nil } + sums.keys.filter { !RunReport.knownPhases.contains($0) }.sorted()
    for name in names {
      let seconds = sums[name] ?? 0
      table.append([
        name, Formatting.percent(seconds / whole, decimals: 1), Formatting.significant(seconds / Double(max(1, results.steps.count)), 3),
      ])
    }
    return table
  }

  /// The keys that are not at their defaults, and the whole configuration to open.
  var settings: [Markup] {
    let configuration = results.configuration
    var defaults = Configuration()
    // Where the run lies is not a setting of it.
    defaults.output = configuration.outputDirectory
    let differences = configuration.differences(from: defaults)
    var table = TextTable(columns: [.init("key"), .init("value")])
    for difference in differences { table.append([difference.key, difference.after.yaml]) }
    return [
      .element("p", ["class": "soft"], ["Keys that differ from their defaults."]), PageParts.table(table),
      PageParts.detail("All settings, config.yaml", .element("pre", [:], [Markup(configuration.yaml())])),
    ]
  }

  /// Names with values.
  func facts(_ facts: [(String, String)]) -> Markup {
    var table = TextTable(columns: [.init("what"), .init("value")])
    for fact in facts { table.append([fact.0, fact.1]) }
    return PageParts.table(table)
  }
}
