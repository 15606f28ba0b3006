import Tensors

/// Publishes checkpoints on a thread of its own, so that training goes on meanwhile: at most one save is in flight, none is skipped.
///
/// A failed save is not lost: `takeFailures` returns it as soon as it has happened, and otherwise the next `submit`, `drain` or
/// `finish` throws its error. All methods are called from one thread.
package final class CheckpointWriter: Sendable {
  /// A save that failed.
  package struct Failure: Sendable {
    /// The step that was to be saved.
    package let step: Int
    /// What went wrong.
    package let error: any Error
    /// Whether the checkpoint is there all the same: then only older ones could not be removed.
    package let isPublished: Bool
    /// How many saves failed one after the other, this one included; 0 where it is published.
    package let failuresInARow: Int
  }

  private let worker: CheckpointWorker

  /// Starts the thread.
  /// - Parameters:
  ///   - store: where checkpoints go; `prepareForWriting` is the caller's.
  ///   - retention: applied after each save; nil keeps all.
  package init(store: CheckpointStore, retention: CheckpointRetention? = nil) {
    worker = CheckpointWorker(store: store, retention: retention)
    worker.start()
  }

  deinit { worker.end() }

  /// Hands over a checkpoint. Waits for the save before, if it is still in flight.
  /// - Parameters:
  ///   - contents: a copy of the state; it is released once written.
  ///   - keep: steps that retention spares, such as the best so far.
  /// - Throws: the error of an earlier save, once. The new contents are handed over all the same.
  package func submit(_ contents: CheckpointContents, keeping keep: Set<Int> = []) throws {
    try worker.submit(contents, keeping: keep)
  }

  /// Waits until everything handed over is on the disk.
  /// - Throws: the error of an earlier save, once.
  package func drain() throws { try worker.drain() }

  /// Waits for the last save and ends the thread. To be called before the process reports success.
  /// - Throws: the error of an earlier save, once.
  package func finish() throws {
    worker.end()
    try worker.drain()
  }

  /// Waits until everything handed over is on the disk or has failed; throws nothing, errors stay to be taken.
  package func wait() { worker.wait() }

  /// The failures that were not returned yet, oldest first, once; does not wait.
  package func takeFailures() -> [Failure] { worker.takeFailures() }

  /// Whether a save has failed whose error was not returned yet; does not wait.
  package var hasFailure: Bool { worker.hasFailure }

  /// How many saves failed since the last good one.
  package var consecutiveFailures: Int { worker.consecutiveFailures }

  /// The newest checkpoint that this writer published.
  package var lastPublished: CheckpointStore.Published? { worker.lastPublished }
}
