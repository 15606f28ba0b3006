import Checkpoints
import Collectives
import Foundation
import Networks
import Objectives
import Tensors

extension Learner {
  private var files: StateFiles { StateFiles(hasAverage: average != nil) }

  /// Everything that training goes on from, in the names and shapes of files; nil on all ranks but zero. Collective.
  /// - Parameter record: what the run's record says beside what the learner knows itself.
  /// - Throws: `LongtailError` from the conversion.
  package func checkpoint(_ record: RunRecord) throws -> CheckpointContents? {
    let tree = StateTree(self)
    let rows = try tree.gatherRows(communicator)
    guard communicator.isRoot else { return nil }
    var record = record
    record.globalStep = stepCount
    record.epoch = epochCount
    record.worldSize = communicator.size
    record.threadsPerRank = ComputeThreads.count
    record.predictionOffsets = objective.predictionOffsets ?? []
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    record.algorithmChoices = String(decoding: try encoder.encode(choices.table), as: UTF8.self)
    record.savedAt = Date().timeIntervalSince1970
    return try files.contents(of: tree, rows: rows, record: record)
  }

  /// Takes over a checkpoint that rank zero has read, on all ranks, bit for bit. Collective.
  /// - Parameter contents: nil on all ranks but zero.
  /// - Throws: `LongtailError` naming what does not fit; nothing is changed then.
  package func restore(_ contents: CheckpointContents?) throws {
    let tree = StateTree(self)
    if let contents {
      guard average == nil || contents.optimizer.contains(where: { $0.name.hasPrefix(StateFiles.livePrefix) }) else {
        throw LongtailError(
          .badData, "the checkpoint holds no parameters beside their average",
          advice: "It is not of a run with training.exponentialMovingAverage.")
      }
      try tree.restore(
        files.tensors(in: contents, for: tree), source: "the checkpoint",
        advice: "Check model, objective and optimizer in the configuration: they have to be those that the run was begun with.")
    }
    try tree.broadcast(communicator)
    try tree.distributeRows(contents?.state ?? [], communicator)
  }
}

extension Network {
  /// Takes parameters and running statistics from a checkpoint, as evaluation and prediction need them.
  /// - Throws: `LongtailError` naming what is missing, unexpected or of another shape; nothing is changed then.
  package func restoreModel(_ contents: CheckpointContents) throws { try restoreModel(contents.model, source: "the checkpoint") }
}

extension Objective {
  /// Takes over what the objective had gathered when a checkpoint was taken.
  /// - Throws: `LongtailError` when it does not fit.
  package func restore(from contents: CheckpointContents) throws {
    let prefix = "objective."
    var state: [String: [Double]] = [:]
    for tensor in contents.state where tensor.name.hasPrefix(prefix) {
      state[String(tensor.name.dropFirst(prefix.count))] = tensor.values.doubles ?? []
    }
    try restore(state: state)
  }
}
