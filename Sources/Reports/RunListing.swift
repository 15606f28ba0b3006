import Foundation
import Tensors

/// Several runs side by side, as `longtail runs` lists them.
package struct RunListing: Sendable {
  /// A run in one line.
  package struct Row: Sendable {
    /// Its directory.
    package var path: String
    /// What it wrote.
    package var results: RunResults
    /// How it stands.
    package var state: RunState
    /// When it was started, in UTC, where known.
    package var started: String?

    /// Reads a run.
    /// - Throws: `LongtailError(.badData)` where a file of it is not what it should be.
    package init(readingFrom path: String) throws {
      self.path = path
      results = try RunResults(readingFrom: path)
      state = results.state
      let environment: RunEnvironment? = try RecordFile.read("\(path)/environment.json")
      started = environment.flatMap { $0.started.isEmpty ? nil : $0.started }
    }

    /// The last epoch that was begun.
    package var epoch: Int { results.steps.last?.epoch ?? 0 }
    fileprivate var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }
    /// The main score of the group of the rarest classes.
    fileprivate var rarest: Double? { results.task.groups.last.flatMap { results.last?.main(ofGroup: $0) } }
  }

  /// What runs are put in order by.
  package enum Order: Sendable, Equatable {
    /// The directory, as numbers in it count: 9 before 10.
    case name
    /// The time of training, the shortest first.
    case time
    /// When it was started, the newest first.
    case started
    /// The best value of the score that the task is judged by, the best first.
    case best
    /// The last value of a score, by the name that its task gives it; or of the main score of a group, by the group's. The best first.
    case score(String)

    /// Reads a name; what is none of the fixed ones is a score's.
    package init(_ name: String) {
      switch name {
      case "name": self = .name
      case "time": self = .time
      case "started": self = .started
      case "best": self = .best
      default: self = .score(name)
      }
    }
  }

  /// The runs.
  package private(set) var rows: [Row] = []
  /// Runs that cannot be read, in words.
  package private(set) var problems: [String] = []

  /// How deep runs are looked for below a directory that is none.
  static let depth = 3

  /// Looks for runs: each directory is one, or has some in it.
  /// - Throws: `LongtailError(.missingInput)` for a directory that is not there.
  package init(_ directories: [String], order: Order = .name) throws {
    var seen: Set<String> = []
    for directory in directories {
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
        throw LongtailError(
          .missingInput, "there is no directory \(directory)", advice: "Name run directories, or directories that hold some.")
      }
      for path in RunListing.runs(in: directory, depth: RunListing.depth) {
        guard seen.insert(URL(fileURLWithPath: path).standardizedFileURL.path).inserted else { continue }
        do {
          rows.append(try Row(readingFrom: path))
        } catch {
          problems.append((error as? LongtailError)?.message ?? "\(path): \(error)")
        }
      }
    }
    try sort(by: order)
  }

  private static func runs(in directory: String, depth: Int) -> [String] {
    if RunResults.exist(at: directory) { return [directory] }
    guard depth > 0 else { return [] }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    return names.flatMap { name -> [String] in
      var isDirectory: ObjCBool = false
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else { return [] }
      return runs(in: path, depth: depth - 1)
    }
  }

  private mutating func sort(by order: Order) throws {
    func named(_ a: Row, _ b: Row) -> Bool { a.path.compare(b.path, options: [.numeric]) == .orderedAscending }
    /// Rows without a value stand last, equal ones by name.
    func falling(_ value: @escaping (Row) -> Double?) -> (Row, Row) -> Bool {
      { a, b in
        let (one, other) = (value(a) ?? -.infinity, value(b) ?? -.infinity)
        return one != other ? one > other : named(a, b)
      }
    }
    switch order {
    case .name: rows.sort(by: named)
    case .best: rows.sort(by: falling { row in row.results.bestEvaluation?.main.map { row.results.sign * $0 } })
    case .score(let name):
      let known = Set(rows.flatMap { $0.results.scoreNames }).sorted()
      guard rows.isEmpty || known.contains(name) else {
        throw LongtailError.unknownName("order", name, known: ["name", "time", "started", "best"] + known)
      }
      rows.sort(by: falling { $0.results.lastValue(named: name) })
    case .time: rows.sort(by: falling { -$0.results.trainingSeconds })
    case .started: rows.sort { ($1.started ?? "", $0.path) < ($0.started ?? "", $1.path) }
    }
  }

  /// Whether two runs of one network differ in the algorithms of their convolutions, and so in how their numbers are rounded.
  package var algorithmsDiffer: Bool {
    let networks = Dictionary(grouping: rows, by: \.results.passesKey)
    return networks.values.contains { Set($0.compactMap(\.results.algorithms?.digest)).count > 1 }
  }

  /// The table. Algorithms have a column where they differ.
  package var table: TextTable {
    let differs = algorithmsDiffer
    // Runs of several tasks have no score in common.
    let kinds = Set(rows.compactMap(\.results.task.main))
    let heading = kinds.count == 1 ? kinds.first?.heading ?? "score" : "score"
    let groups = Set(rows.compactMap(\.results.task.groups.last))
    let rarest = "\(groups.count == 1 ? groups.first ?? "rarest" : "rarest") %"
    var table = TextTable(
      columns: [
        .init("run"), .init("model"), .init("objective"), .init("seed", isNumeric: true), .init("epoch", isNumeric: true), .init("state"),
        .init("best \(heading)", isNumeric: true), .init(heading, isNumeric: true), .init(rarest, isNumeric: true),
        .init("time", isNumeric: true),
      ] + (differs ? [.init("algorithms")] : []))
    // Names alone, where they are enough to tell the runs apart.
    let isClear = Set(rows.map(\.name)).count == rows.count
    for row in rows {
      func cell(_ value: Double?) -> String { row.results.task.main?.cell(value) ?? "–" }
      let configuration = row.results.configuration
      table.append(
        [
          isClear ? row.name : row.path, "\(configuration.model.name) \(configuration.model.width)", configuration.objective.name,
          "\(configuration.seed)", "\(row.epoch) of \(configuration.training.epochs)", row.state.rawValue,
          cell(row.results.bestEvaluation?.main), cell(row.results.last?.main), cell(row.rarest),
          Formatting.duration(row.results.trainingSeconds),
        ] + (differs ? [row.results.algorithms.map { "\($0.source), \($0.digest.prefix(8))" } ?? "–"] : []))
    }
    return table
  }

  /// The same as one JSON object; shares are from 0 to 1.
  package var json: JSONValue {
    .members([
      "runs": .array(
        rows.map { row in
          let (results, configuration) = (row.results, row.results.configuration)
          return .object(
            JSONValue.Member.list([
              "path": .string(row.path), "name": .string(row.name), "model": .string(configuration.model.name),
              "width": .int(configuration.model.width), "objective": .string(configuration.objective.name),
              "data": .string(configuration.data.name), "task": .string(results.task.name), "seed": .int(configuration.seed),
              "state": .string(row.state.rawValue), "epoch": .int(row.epoch), "epochs": .int(configuration.training.epochs),
              "step": .int(results.stepCount), "steps": results.totalSteps.map(JSONValue.int) ?? .null,
            ]) + row.scores
              + JSONValue.Member.list([
                "started": row.started.map(JSONValue.string) ?? .null, "trainingSeconds": .double(results.trainingSeconds),
                "algorithms": results.algorithms.map { .members(["source": .string($0.source), "digest": .string($0.digest)]) } ?? .null,
              ]))
        }), "problems": .array(problems.map(JSONValue.string)),
    ])
  }
}

extension RunListing.Row {
  /// The best and the last value of the main score, that of the rarest group, the other listed ones: each under its own name, in one word.
  fileprivate var scores: [JSONValue.Member] {
    guard let main = results.task.main else { return [] }
    func capitalized(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }
    var members: [JSONValue.Member] = [
      .init("best\(capitalized(main.name))", .number(results.bestEvaluation?.main)),
      .init("best\(capitalized(main.name))Step", results.bestEvaluation.map { .int($0.step) } ?? .null),
      .init(main.name, .number(results.last?.main)),
    ]
    if let group = results.task.groups.last { members.append(.init(main.name + capitalized(group), .number(rarest))) }
    for kind in results.task.listed where kind.rank != .main { members.append(.init(kind.name, .number(results.last?.value(kind)))) }
    return members
  }
}
