/// Times what phases are too coarse for: the networks of a step, and what links do between them.
///
/// Nobody has one but a benchmark; a step without one reads no further clock.
package final class PartClock {
  /// Seconds by part, summed since the last reset.
  package private(set) var seconds: [String: Double] = [:]
  private let clock = ContinuousClock()

  /// Nothing timed yet.
  package init() {}

  /// Forgets the times so far.
  package func reset() { seconds = [:] }

  fileprivate func add(_ part: String, since start: ContinuousClock.Instant) {
    seconds[part, default: 0] += start.duration(to: clock.now).inSeconds
  }

  fileprivate var now: ContinuousClock.Instant { clock.now }
}

extension PartClock? {
  /// Does the work of a part, and times it where there is a clock.
  package func time<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
    guard let self else { return try body() }
    let start = self.now
    defer { self.add(part, since: start) }
    return try body()
  }
}
