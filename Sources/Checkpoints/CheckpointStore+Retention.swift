import Tensors

/// Which checkpoints are kept.
package struct CheckpointRetention: Sendable, Equatable {
  /// How many of the newest are kept; at least 1.
  package var last: Int
  /// Steps that are multiples of this are kept for good; nil for none.
  package var every: Int?

  /// Describes what is kept.
  /// - Throws: `LongtailError` with code `usage` for numbers below 1.
  package init(last: Int, every: Int? = nil) throws {
    if last < 1 { throw LongtailError(.usage, "the newest \(last) checkpoints cannot be kept: it has to be at least 1") }
    if let every, every < 1 {
      throw LongtailError(.usage, "steps whose multiples are kept: \(every), but it has to be at least 1")
    }
    self.last = last
    self.every = every
  }
}

extension CheckpointStore {
  /// Removes checkpoints that need not be kept, oldest first.
  ///
  /// Before anything is removed, the newest one's manifest is read back with its seal and the sizes of its files; where that fails nothing
  /// is removed. Damaged checkpoints do not count as kept and are left where they are.
  /// - Parameters:
  ///   - retention: how many, and which for good.
  ///   - newest: the step that counts as the newest, such as one just published; later ones are damaged leftovers that a resumed run
  ///     passed over, and stay. Nil takes the last one that is there.
  ///   - best: steps that are kept for another reason, such as the best so far.
  /// - Returns: the steps that were removed.
  /// - Throws: `LongtailError`: `badData` where the newest one is damaged, `inputOutput` where removing fails.
  @discardableResult
  package func retain(_ retention: CheckpointRetention, newest: Int? = nil, best: Set<Int> = []) throws -> [Int] {
    let published = try candidates().filter { !$0.name.hasPrefix(Self.replacedPrefix) && $0.step <= newest ?? Int.max }
    var sound: [(name: String, step: Int)] = []
    for (index, candidate) in published.enumerated() {
      do {
        _ = try manifest(path: "\(directory)/\(candidate.name)", step: candidate.step)
        sound.append(candidate)
      } catch {
        if index == 0 {
          throw LongtailError(
            .badData, "the newest checkpoint \(candidate.name) in '\(directory)' is damaged, older ones are kept: \(Self.reason(error))")
        }
      }
    }
    var removed: [Int] = []
    for candidate in sound.dropFirst(retention.last).reversed() {
      if best.contains(candidate.step) { continue }
      if let every = retention.every, candidate.step % every == 0 { continue }
      try discard(candidate.name)
      removed.append(candidate.step)
    }
    return removed
  }
}
