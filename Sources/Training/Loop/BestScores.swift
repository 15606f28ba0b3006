import Checkpoints
import Collectives
import Foundation
import Metrics

/// The metrics of the last evaluation, and the best values so far of those that checkpoints are chosen by. Equal on all ranks.
struct BestScores {
  /// The metrics of the last evaluation, by name; those without a value are left out.
  private(set) var metrics: [String: Double] = [:]
  /// The best values so far.
  private(set) var best: [RunRecord.Best] = []
  private let all: [MetricName]
  private let watched: [MetricName]

  /// - Parameter watched: names of metrics, as `checkpoint.best` has them.
  /// - Throws: `LongtailError` for a name that is no metric.
  init(watching watched: [String], classNames: [String]) throws {
    all = MetricName.all(classNames: classNames)
    self.watched = try watched.map { try MetricName($0, classNames: classNames) }
  }

  /// Goes on from a checkpoint that rank zero has read. Collective: whether a value is the best decides whether all ranks save.
  mutating func restore(_ record: RunRecord?, _ communicator: any Communicator) throws {
    metrics = record?.metrics ?? [:]
    var bytes = communicator.isRoot ? [UInt8](try JSONEncoder().encode(record?.best ?? [])) : []
    try communicator.broadcast(&bytes, from: 0)
    best = try JSONDecoder().decode([RunRecord.Best].self, from: Data(bytes))
  }

  /// Takes in an evaluation.
  /// - Returns: whether one of the watched metrics is better than ever, so that this state has to be kept.
  mutating func note(_ evaluation: EvaluationReport) -> Bool {
    var isBest = false
    metrics = [:]
    for metric in all {
      if let value = evaluation.value(metric), value.isFinite { metrics[metric.description] = value }
    }
    for metric in watched {
      let former = best.first { $0.metric == metric.description }
      guard let value = evaluation.value(metric), metric.isBetter(value, than: former?.value) else { continue }
      best.removeAll { $0.metric == metric.description }
      best.append(.init(metric: metric.description, value: value, step: evaluation.step))
      isBest = true
    }
    return isBest
  }
}
