import CWatchdog
import Foundation

/// Files that say what each rank was doing when a job had to be ended: `rank-<r>.json`.
struct CrashReport {
  let directory: String
  let place: Watchdog.Place

  private struct State: Encodable {
    var rank: Int
    var process: Int32
    var processState: RankState.ProcessState
    var phase: String
    var step: Int
    var secondsInPhase: Double
    var collectives: Int
    var lastCollective: String
    var isInCollective: Bool

    init(_ given: RankState, now: UInt64) {
      var state = given
      // What was seen before counts: a stopped process may run again by now, to be ended.
      if state.processState == .unknown { state.readProcessState() }
      rank = state.rank
      process = state.process
      processState = state.processState
      phase = state.phase.name
      step = state.step
      secondsInPhase = (state.seconds(at: now) * 1000).rounded() / 1000
      collectives = state.sequence
      lastCollective = state.sequence == 0 ? "none" : state.operation.text(count: state.count)
      isInCollective = state.isWaiting
    }
  }

  private struct Report: Encodable {
    var rank: Int
    var ranks: Int
    var host: String
    var writtenByRank: Int
    var reason: String
    var secondsSince1970: Double
    var state: State
    var ranksOfNode: [State]
    var threads: [StackTrace.ThreadStack]
  }

  /// Writes the file of one rank. Failures are printed on standard error only: the job ends anyway.
  /// - Parameter stacks: the threads' call stacks; none for a rank that another one writes about.
  func write(about state: RankState, reason: String, others: [RankState], stacks: [StackTrace.ThreadStack]) {
    let now = longtail_monotonic()
    let report = Report(
      rank: state.rank, ranks: place.size, host: place.host, writtenByRank: place.rank, reason: reason,
      secondsSince1970: Date().timeIntervalSince1970, state: State(state, now: now), ranksOfNode: others.map { State($0, now: now) },
      threads: stacks)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let path = "\(directory)/rank-\(state.rank).json"
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try encoder.encode(report).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      let text = "longtail: \(path): cannot be written: \(error.localizedDescription)\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  }
}
