import Checkpoints
import Collectives
import Tasks

/// The scores of the last evaluation, and the best values so far of those that checkpoints are chosen by. Equal on all ranks.
struct BestScores {
  /// The scores of the last evaluation, by name; those without a value are left out.
  private(set) var metrics: [String: Double] = [:]
  /// The best values so far.
  private(set) var best: [RunRecord.Best] = []
  private let watched: [ScoreTable.Entry]

  /// - Parameter watched: names of scores, as `checkpoint.best` has them; nil for the one that the task is judged by.
  /// - Throws: `LongtailError` for a name that is no score.
  init(watching watched: [String]?, of table: ScoreTable) throws {
    self.watched = try watched.map { try $0.map { try table.score($0, at: "checkpoint.best") } } ?? [table.main].compactMap(\.self)
  }

  /// Goes on from a checkpoint that rank zero has read. Collective: whether a value is the best decides whether all ranks save.
  mutating func restore(_ record: RunRecord?, _ communicator: any Communicator) throws {
    metrics = record?.metrics ?? [:]
    best = try communicator.broadcastValue(record?.best ?? [])
  }

  /// Takes in an evaluation.
  /// - Returns: whether one of the watched scores is better than ever, so that this state has to be kept.
  mutating func note(_ scores: [Score], step: Int) -> Bool {
    var isBest = false
    metrics = [:]
    for score in scores {
      if let value = score.value, value.isFinite { metrics[score.name] = value }
    }
    for entry in watched {
      let former = best.first { $0.metric == entry.name }
      guard let value = metrics[entry.name], entry.kind.isBetter(value, than: former?.value) else { continue }
      best.removeAll { $0.metric == entry.name }
      best.append(.init(metric: entry.name, value: value, step: step))
      isBest = true
    }
    return isBest
  }
}
