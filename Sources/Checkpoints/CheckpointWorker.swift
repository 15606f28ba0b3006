import Foundation
import Tensors

/// The thread behind a `CheckpointWriter`, and what both sides share.
final class CheckpointWorker: @unchecked Sendable {
  private let store: CheckpointStore
  private let retention: CheckpointRetention?
  private let condition = NSCondition()

  // Guarded by `condition`.
  private var waiting: (contents: CheckpointContents, keep: Set<Int>)?
  private var isBusy = false
  private var isEnding = false
  private var failures: [CheckpointWriter.Failure] = []
  private var failuresInARow = 0
  private var latest: CheckpointStore.Published?

  init(store: CheckpointStore, retention: CheckpointRetention?) {
    self.store = store
    self.retention = retention
  }

  func start() {
    let thread = Thread { [self] in
      while let (contents, keep) = next() { save(contents, keep: keep) }
    }
    thread.name = "checkpoint writer"
    thread.start()
  }

  func submit(_ contents: CheckpointContents, keeping keep: Set<Int>) throws {
    condition.lock()
    defer { condition.unlock() }
    if isEnding { throw LongtailError(.internalError, "a checkpoint was handed to a writer that is finished") }
    while isBusy || waiting != nil { condition.wait() }
    waiting = (contents, keep)
    condition.broadcast()
    try throwFailure()
  }

  func drain() throws {
    condition.lock()
    defer { condition.unlock() }
    while isBusy || waiting != nil { condition.wait() }
    try throwFailure()
  }

  /// Lets the thread end once nothing is waiting.
  func end() {
    condition.lock()
    defer { condition.unlock() }
    isEnding = true
    condition.broadcast()
  }

  /// Waits until nothing is in flight; errors stay to be taken.
  func wait() {
    condition.lock()
    defer { condition.unlock() }
    while isBusy || waiting != nil { condition.wait() }
  }

  func takeFailures() -> [CheckpointWriter.Failure] {
    locked {
      defer { failures = [] }
      return failures
    }
  }

  var hasFailure: Bool { locked { !failures.isEmpty } }
  var consecutiveFailures: Int { locked { failuresInARow } }
  var lastPublished: CheckpointStore.Published? { locked { latest } }

  private func throwFailure() throws {
    guard let last = failures.last else { return }
    failures = []
    throw last.error
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }

  /// The next save, or nil to end.
  private func next() -> (contents: CheckpointContents, keep: Set<Int>)? {
    condition.lock()
    defer { condition.unlock() }
    while waiting == nil {
      if isEnding { return nil }
      condition.wait()
    }
    let work = waiting
    waiting = nil
    isBusy = true
    return work
  }

  private func save(_ contents: CheckpointContents, keep: Set<Int>) {
    var error: (any Error)?
    var published: CheckpointStore.Published?
    do {
      published = try store.publish(contents)
      if let retention { try store.retain(retention, newest: contents.run.globalStep, best: keep) }
    } catch let caught {
      error = caught
    }
    condition.lock()
    defer { condition.unlock() }
    failuresInARow = published == nil ? failuresInARow + 1 : 0
    latest = published ?? latest
    if let error {
      failures.append(
        .init(step: contents.run.globalStep, error: error, isPublished: published != nil, failuresInARow: failuresInARow))
    }
    isBusy = false
    condition.broadcast()
  }
}
