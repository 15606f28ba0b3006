import Checkpoints
import Configuration
import Tensors

/// Hands checkpoints to the disk and reports saves that fail. Only rank zero has one.
final class CheckpointSaver {
  private let store: CheckpointStore
  private let writer: CheckpointWriter
  private let failuresAllowed: Int
  private let observer: (any TrainingObserver)?

  /// - Throws: `LongtailError` for settings out of range.
  init(directory: String, _ settings: Configuration.Checkpoint, observer: (any TrainingObserver)?) throws {
    store = CheckpointStore(directory: directory)
    writer = CheckpointWriter(store: store, retention: try CheckpointRetention(last: settings.keepLast, every: settings.keepEvery))
    failuresAllowed = settings.failuresAllowed
    self.observer = observer
  }

  /// The newest step that this run has on the disk.
  var lastPublishedStep: Int? { writer.lastPublished?.step }

  /// Puts away what a killed writer has left.
  func prepare() throws { try store.prepareForWriting() }

  /// Waits for the save before, if it is still in flight: at most one copy of the state waits beside the live one.
  /// - Throws: `LongtailError` with code `inputOutput` where too many saves in a row have failed.
  func waitForLastSave(before step: Int) throws {
    writer.wait()
    try noticeFailures()
    try observer?.willSave(step: step)
  }

  /// Hands over a checkpoint.
  func submit(_ contents: CheckpointContents, best: [RunRecord.Best]) throws {
    try writer.submit(contents, keeping: Set(best.map(\.step)))
    try observer?.didSave(step: contents.run.globalStep, best: best)
  }

  /// Tells of saves that have failed since the last step, and ends the run where it may not go on without a checkpoint any longer.
  ///
  /// Costs one look at a lock. Only rank zero writes; that it ends the run ends all ranks.
  /// - Throws: `LongtailError` with code `inputOutput` after `checkpoint.failuresAllowed` failed saves in a row.
  func noticeFailures() throws {
    guard writer.hasFailure else { return }
    for failure in writer.takeFailures() {
      guard !failure.isPublished, failure.failuresInARow >= failuresAllowed else {
        try observer?.didFailToSave(failure, allowed: failuresAllowed)
        continue
      }
      throw ending(
        after: failure, because: failuresAllowed == 1 ? "no failed save is allowed" : "\(failuresAllowed) saves in a row have failed")
    }
  }

  /// Waits for the last save: a run whose end is not on the disk has not succeeded, and may not say that it was saved.
  /// - Throws: `LongtailError` with code `inputOutput` where it failed.
  func finish() throws {
    writer.wait()
    let failures = writer.takeFailures()
    for failure in failures.dropLast(writer.consecutiveFailures > 0 ? 1 : 0) {
      try observer?.didFailToSave(failure, allowed: failuresAllowed)
    }
    if let last = failures.last, writer.consecutiveFailures > 0 { throw ending(after: last, because: "it was the last one of this run") }
    try writer.finish()
  }

  /// Waits until everything is on the disk.
  func drain() throws { try writer.drain() }

  /// Which checkpoint is left, in words, once everything is on the disk.
  var lastCheckpoint: String {
    // An error of the writer must not hide the one that ends the run.
    try? writer.drain()
    let newest = try? store.steps().last.map { store.path(step: $0) }
    return newest.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet"
  }

  private func ending(after failure: CheckpointWriter.Failure, because reason: String) -> LongtailError {
    let error = failure.error as? LongtailError
    let valid = writer.lastPublished.map { "The last one that was written is of step \($0.step)." } ?? "None was written since this start."
    return LongtailError(
      .inputOutput, "\(error?.message ?? "\(failure.error)"); \(reason)",
      advice: [error?.advice, "\(valid) Then start again with --resume auto."].compactMap { $0 }.joined(separator: " "))
  }
}
