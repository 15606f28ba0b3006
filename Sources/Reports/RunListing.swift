import Foundation
import Tensors

/// Several runs side by side, as `longtail runs` lists them.
public struct RunListing: Sendable {
  /// A run in one line.
  public struct Row: Sendable {
    /// Its directory.
    public var path: String
    /// What it wrote.
    public var results: RunResults
    /// How it stands.
    public var state: RunState
    /// When it was started, in UTC, where known.
    public var started: String?

    /// Reads a run.
    /// - Throws: `LongtailError(.badData)` where a file of it is not what it should be.
    public init(readingFrom path: String) throws {
      self.path = path
      results = try RunResults(readingFrom: path)
      state = results.state
      let environment: RecordedEnvironment? = try RunResults.file("\(path)/environment.json")
      started = environment?.started
    }

    /// The last epoch that was begun.
    public var epoch: Int { results.steps.last?.epoch ?? 0 }
    fileprivate var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }
    fileprivate var tail: Double? { results.last?.meanIntersectionOverUnion(of: "tail") }
  }

  /// What runs are put in order by.
  public enum Order: String, Sendable, CaseIterable {
    /// The directory, as numbers in it count: 9 before 10.
    case name
    /// The last mIoU, the largest first.
    case miou
    /// The best mIoU, the largest first.
    case best
    /// The last mIoU of the tail, the largest first.
    case tail
    /// The time of training, the shortest first.
    case time
    /// When it was started, the newest first.
    case started
  }

  /// The runs.
  public private(set) var rows: [Row] = []
  /// Runs that cannot be read, in words.
  public private(set) var problems: [String] = []

  /// How deep runs are looked for below a directory that is none.
  static let depth = 3

  /// Looks for runs: each directory is one, or has some in it.
  /// - Throws: `LongtailError(.missingInput)` for a directory that is not there.
  public init(_ directories: [String], order: Order = .name) throws {
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
    sort(by: order)
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

  private mutating func sort(by order: Order) {
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
    case .miou: rows.sort(by: falling { $0.results.last?.miou })
    case .best: rows.sort(by: falling { $0.results.bestEvaluation?.miou })
    case .tail: rows.sort(by: falling(\.tail))
    case .time: rows.sort(by: falling { -$0.results.trainingSeconds })
    case .started: rows.sort { ($1.started ?? "", $0.path) < ($0.started ?? "", $1.path) }
    }
  }

  /// Whether two runs of one network differ in the algorithms of their convolutions, and so in how their numbers are rounded.
  public var algorithmsDiffer: Bool {
    let networks = Dictionary(grouping: rows) { "\($0.results.configuration.model.name) \($0.results.configuration.model.width)" }
    return networks.values.contains { Set($0.compactMap(\.results.algorithms?.digest)).count > 1 }
  }

  /// The table. Algorithms have a column where they differ.
  public var table: TextTable {
    let differs = algorithmsDiffer
    var table = TextTable(
      columns: [
        .init("run"), .init("model"), .init("objective"), .init("seed", isNumeric: true), .init("epoch", isNumeric: true), .init("state"),
        .init("best mIoU %", isNumeric: true), .init("mIoU %", isNumeric: true), .init("tail %", isNumeric: true),
        .init("time", isNumeric: true),
      ] + (differs ? [.init("algorithms")] : []))
    // Names alone, where they are enough to tell the runs apart.
    let isClear = Set(rows.map(\.name)).count == rows.count
    func percent(_ value: Double?) -> String { value.map { Formatting.percent($0) } ?? "–" }
    for row in rows {
      let configuration = row.results.configuration
      table.append(
        [
          isClear ? row.name : row.path, "\(configuration.model.name) \(configuration.model.width)", configuration.objective.name,
          "\(configuration.seed)", "\(row.epoch) of \(configuration.training.epochs)", row.state.rawValue,
          percent(row.results.bestEvaluation?.miou), percent(row.results.last?.miou), percent(row.tail),
          Formatting.duration(row.results.trainingSeconds),
        ] + (differs ? [row.results.algorithms.map { "\($0.source), \($0.digest.prefix(8))" } ?? "–"] : []))
    }
    return table
  }

  /// The same as one JSON object; shares are from 0 to 1.
  public var json: JSONValue {
    .members([
      "runs": .array(
        rows.map { row in
          let (results, configuration) = (row.results, row.results.configuration)
          return .members([
            "path": .string(row.path), "name": .string(row.name), "model": .string(configuration.model.name),
            "width": .int(configuration.model.width), "objective": .string(configuration.objective.name),
            "data": .string(configuration.data.name), "seed": .int(configuration.seed), "state": .string(row.state.rawValue),
            "epoch": .int(row.epoch), "epochs": .int(configuration.training.epochs), "step": .int(results.stepCount),
            "steps": results.totalSteps.map(JSONValue.int) ?? .null, "bestMiou": .number(results.bestEvaluation?.miou),
            "bestMiouStep": results.bestEvaluation.map { .int($0.step) } ?? .null, "miou": .number(results.last?.miou),
            "miouTail": .number(row.tail), "pixelAccuracy": .number(results.last?.pixelAccuracy),
            "started": row.started.map(JSONValue.string) ?? .null, "trainingSeconds": .double(results.trainingSeconds),
            "algorithms": results.algorithms.map { .members(["source": .string($0.source), "digest": .string($0.digest)]) } ?? .null,
          ])
        }), "problems": .array(problems.map(JSONValue.string)),
    ])
  }
}
