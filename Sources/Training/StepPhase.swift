import Collectives
import Tensors

/// A part of a step that is timed, and in which a rank that makes no progress is reported.
package enum StepPhase: String, Sendable {
  /// Waiting for the batch.
  case data
  /// The forward pass.
  case forward
  /// Losses, class statistics, and gradients at the outputs.
  case objective
  /// The sums of packed statistics.
  case reduceStatistics
  /// The backward pass.
  case backward
  /// The sum of the gradients.
  case reduceGradients
  /// Moving the parameters.
  case update

  /// The phase as stall reports name it.
  var work: WorkPhase {
    switch self {
    case .data: .data
    case .forward: .forward
    case .objective: .objective
    case .reduceStatistics, .reduceGradients: .reduce
    case .backward: .backward
    case .update: .update
    }
  }
}

/// Measures the phases of a step one after the other, and reports each to the watchdog.
final class PhaseClock {
  /// Seconds by phase, in order; a phase may come several times.
  private(set) var phases: [(name: String, seconds: Double)] = []
  private let clock = ContinuousClock()
  private let progress: ProgressBoard?
  private var last: ContinuousClock.Instant

  /// Starts to measure.
  /// - Parameter progress: where the rank notes what it is doing.
  init(_ progress: ProgressBoard? = nil) {
    self.progress = progress
    last = clock.now
    phases.reserveCapacity(12)
  }

  /// Does the work of a phase.
  /// - Parameter step: the step that is being done, counted from 1; by default the one noted before.
  func phase<Result>(_ phase: StepPhase, step: Int? = nil, _ body: () throws -> Result) rethrows -> Result {
    progress?.enter(phase.work, step: step)
    last = clock.now
    let result = try body()
    end(phase.rawValue)
    return result
  }

  /// Ends the phase that began at the last call.
  private func end(_ name: String) {
    let now = clock.now
    phases.append((name, last.duration(to: now).inSeconds))
    last = now
  }
}
