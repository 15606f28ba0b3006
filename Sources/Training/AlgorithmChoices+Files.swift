import Checkpoints
import Configuration
import Foundation
import Networks
import Tensors

/// Choices of algorithms outlive a run in two places: in its checkpoints, and in a file that several runs may share.
extension AlgorithmChoices {
  /// The choices of the run that a checkpoint was taken from; none where it recorded none.
  /// - Throws: `LongtailError` for a record that is something else.
  package static func recorded(in run: RunRecord) throws -> AlgorithmTable {
    guard !run.algorithmChoices.isEmpty else { return [:] }
    do {
      return try JSONDecoder().decode(AlgorithmTable.self, from: Data(run.algorithmChoices.utf8))
    } catch {
      throw LongtailError(
        .badData, "the checkpoint's record of algorithms cannot be read: \(AlgorithmChoices.reason(error))",
        advice: "It was written by another version of Longtail; use that one.")
    }
  }

  /// What a decoder complains about.
  static func reason(_ error: any Error) -> String {
    if case DecodingError.dataCorrupted(let context) = error { return context.debugDescription }
    return error.localizedDescription
  }

  /// The choices in a file; none where there is no such file yet.
  ///
  /// With it, a fresh run computes with the algorithms of an earlier one, and so the same numbers bit by bit, and starts faster.
  /// - Throws: `LongtailError` for a file that is something else.
  static func table(file path: String) throws -> AlgorithmTable {
    guard let data = FileManager.default.contents(atPath: path) else { return [:] }
    do {
      return try JSONDecoder().decode(AlgorithmTable.self, from: data)
    } catch {
      throw LongtailError(
        .badData, "engine.choicesFile \(path) holds no choices of algorithms: \(AlgorithmChoices.reason(error))",
        advice: "Remove the file, and it is made anew.")
    }
  }

  /// Adds the choices to a file, by one rename.
  /// - Throws: `LongtailError` when it cannot be written.
  func write(file path: String) throws {
    var all = (try? AlgorithmChoices.table(file: path)) ?? [:]
    let former = all
    all.merge(table) { old, _ in old }
    guard all != former else { return }
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(all).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(
        .inputOutput, "cannot write engine.choicesFile \(path): \(error.localizedDescription)", advice: "Check its directory and space.")
    }
  }
}

/// What a run knows of algorithms before it begins: on rank zero, whose choices all ranks follow.
struct KnownAlgorithms {
  private let engine: Configuration.Engine
  private let isRoot: Bool
  private var origins: [String] = []
  /// Choices that come first: those of the run that is gone on with, then those of a file.
  private(set) var table: AlgorithmTable = [:]
  /// What was measured on this machine before; nil where nothing is to be measured.
  private(set) var measured: MeasuredAlgorithms?

  /// Reads what there is.
  /// - Throws: `LongtailError` for a file or a record that is something else.
  init(_ configuration: Configuration, resumed: RunRecord?, isRoot: Bool) throws {
    engine = configuration.engine
    self.isRoot = isRoot
    if let resumed {
      table = try AlgorithmChoices.recorded(in: resumed)
      if !table.isEmpty { origins.append("the checkpoint's") }
    }
    guard isRoot else { return }
    if let path = engine.choicesFile {
      let kept = try AlgorithmChoices.table(file: path)
      if !kept.isEmpty { origins.append("those of \(path)") }
      table.merge(kept) { recorded, _ in recorded }
    }
    if engine.algorithms == .measured { measured = MeasuredAlgorithms() }
  }

  /// Who chose the algorithms of a plan.
  func record(_ report: PlanReport) -> AlgorithmRecord {
    AlgorithmRecord(engine.algorithms, report, record: origins.isEmpty ? nil : origins.joined(separator: ", "))
  }

  /// Keeps what was chosen for other runs.
  /// - Returns: what concerns a user.
  /// - Throws: `LongtailError` when the file that the configuration names cannot be written.
  func keep(_ learner: Learner) throws -> [String] {
    guard isRoot else { return [] }
    if let path = engine.choicesFile { try learner.choices.write(file: path) }
    guard engine.algorithms == .measured else { return [] }
    var notes = [measured?.problem, measured?.add(learner.choices.table.filter { table[$0.key] == nil })]
    notes.append(AlgorithmRecord.gain(learner.network.report))
    return notes.compactMap { $0 }
  }
}
