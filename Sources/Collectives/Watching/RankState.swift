import CWatchdog
import Foundation

/// What one rank was doing at a moment.
package struct RankState: Equatable, Sendable {
  /// What the system says about the rank's process.
  package enum ProcessState: String, Sendable, Codable {
    /// It runs or could.
    case running
    /// A signal has stopped it, or a debugger.
    case stopped
    /// It waits for a device, and not even a signal reaches it.
    case uninterruptible
    /// It is gone.
    case gone
    /// It cannot be seen from here.
    case unknown
  }

  /// The rank.
  package var rank: Int
  /// Its process.
  package var process: Int32
  /// The namespace that the process's number belongs to.
  package var processSpace: UInt64
  /// What it is busy with.
  package var phase: WorkPhase
  /// The step, counted from 1; 0 before the first.
  package var step: Int
  /// When phase or collective last changed, in nanoseconds of the monotonic clock.
  package var since: UInt64
  /// Collectives that it has issued.
  package var sequence: Int
  /// The last one.
  package var operation: CollectiveOperation
  /// The number of elements of the last one, or its root.
  package var count: Int
  /// Whether it is inside that collective.
  package var isWaiting: Bool
  /// Whether it has written its crash file.
  package var hasReported: Bool
  /// What the system says; unknown until asked.
  package var processState = ProcessState.unknown

  /// Creates a state. For tests.
  package init(
    rank: Int, process: Int32 = 0, phase: WorkPhase, step: Int, since: UInt64, sequence: Int = 0, operation: CollectiveOperation = .barrier,
    count: Int = 0, isWaiting: Bool = false, processState: ProcessState = .running
  ) {
    (self.rank, self.process, self.phase, self.step, self.since) = (rank, process, phase, step, since)
    (self.sequence, self.operation, self.count, self.isWaiting) = (sequence, operation, count, isWaiting)
    (processSpace, hasReported) = (0, false)
    self.processState = processState
  }

  init(_ beacon: longtail_beacon) {
    rank = Int(beacon.rank_and_one) - 1
    process = Int32(truncatingIfNeeded: beacon.process)
    processSpace = beacon.process_space
    phase = WorkPhase(rawValue: Int(beacon.phase)) ?? .start
    step = Int(beacon.step)
    since = beacon.since
    sequence = Int(beacon.sequence)
    operation = CollectiveOperation(rawValue: Int(beacon.operation)) ?? .barrier
    count = Int(beacon.count)
    isWaiting = beacon.waiting != 0
    hasReported = beacon.reported != 0
  }

  /// Seconds since anything changed.
  /// - Parameter notBefore: time before this does not count.
  package func seconds(at now: UInt64, notBefore: UInt64 = 0) -> Double {
    let begin = max(since, notBefore)
    return now > begin ? Double(now - begin) * 1e-9 : 0
  }

  /// Asks the system about the process.
  mutating func readProcessState() {
    guard process > 0, processSpace == ProgressBoard.processSpace else { return }
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
      processState = kill(process, 0) != 0 && errno == ESRCH ? .gone : .unknown
      return
    }
    // The name before it is in brackets and may hold anything.
    switch status.split(separator: ")").last?.split(separator: " ").first {
    case "T", "t": processState = .stopped
    case "D": processState = .uninterruptible
    case "Z", "X": processState = .gone
    default: processState = .running
    }
  }

  /// `phase backward of step 118`, and where it waits.
  package var place: String {
    let position = step > 0 ? "phase \(phase.name) of step \(step)" : "phase \(phase.name), before the first step"
    return isWaiting ? "\(position), in collective \(sequence) (\(operation.text(count: count)))" : position
  }
}
