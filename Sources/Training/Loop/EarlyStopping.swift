import Checkpoints
import Collectives
import Configuration
import Tasks
import Tensors

/// Ends a run when a score gets no better: after a number of evaluations in a row that did not better the reference by the least change.
///
/// A value that betters it becomes the reference. One that is undefined or not finite is no progress. Evaluations are equal on all ranks,
/// so that all end at the same step; the count is part of a checkpoint, so that a run that goes on stops where it would have stopped.
package struct EarlyStopping: Equatable {
  private let settings: Configuration.Training.EarlyStopping
  private let score: ScoreTable.Entry
  /// What a checkpoint keeps.
  private(set) package var record = RunRecord.EarlyStopping()

  /// - Throws: `LongtailError` for a score that there is not.
  package init(_ settings: Configuration.Training.EarlyStopping, of table: ScoreTable) throws {
    self.settings = settings
    if let name = settings.score {
      score = try table.score(name, at: "training.earlyStopping.score")
    } else if let main = table.main {
      score = main
    } else {
      throw LongtailError(.usage, "training.earlyStopping needs a score: the task names none that it is judged by")
    }
  }

  /// Whether the run is over.
  package var isOver: Bool { record.evaluationsWithoutProgress >= settings.patience }

  /// Why it is, in words; nil while it is not.
  package var reason: String? {
    guard isOver else { return nil }
    let count = record.evaluationsWithoutProgress
    let best =
      record.reference.map { "the best is \(String(format: "%.4f", $0)) after step \(record.referenceStep)" } ?? "it was never defined"
    return "\(score.name) got no better in \(count) evaluation\(count == 1 ? "" : "s") (training.earlyStopping); \(best)"
  }

  /// Takes in a value of the score.
  package mutating func note(_ value: Double?, step: Int) {
    let least = score.kind.direction == .larger ? settings.leastChange : -settings.leastChange
    guard let value, score.kind.isBetter(value, than: record.reference.map { $0 + least }) else {
      record.evaluationsWithoutProgress += 1
      return
    }
    record = RunRecord.EarlyStopping(reference: value, referenceStep: step)
  }

  /// Takes in an evaluation.
  mutating func note(_ scores: [Score], step: Int) { note(scores.first { $0.name == score.name }?.value, step: step) }

  /// Goes on from a checkpoint that rank zero has read; one of a run that watched nothing begins anew. Collective.
  mutating func restore(_ saved: RunRecord.EarlyStopping?, _ communicator: any Communicator) throws {
    record = try communicator.broadcastValue(saved ?? record)
  }

  /// Whether a checkpoint is of a run that is over by the experiment's settings.
  /// - Throws: `LongtailError` for a score that there is not.
  static func isOver(_ saved: RunRecord.EarlyStopping?, _ experiment: Experiment) throws -> Bool {
    guard let settings = experiment.configuration.training.earlyStopping, let saved else { return false }
    var stopping = try EarlyStopping(settings, of: experiment.scoreTable)
    stopping.record = saved
    return stopping.isOver
  }
}
