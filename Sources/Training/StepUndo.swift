import Networks
import Objectives
import Tensors

/// Takes back what a step has changed before its optimizer runs: running statistics and the state of the objective.
///
/// The forward pass moves the running statistics, and the objective takes the step into its own; parameters, moments and counters
/// are only touched by the update. Cost: one copy of the running statistics a step, some kilobytes.
final class StepUndo {
  private let statistics: HostBuffer
  private var objectiveState: [String: [Double]] = [:]

  init(_ network: Network) {
    statistics = HostBuffer(byteCount: network.runningStatisticsBuffer.byteCount)
  }

  /// Remembers how things are.
  func remember(_ network: Network, _ objective: any Objective) {
    network.runningStatisticsBuffer.withBytes { now in statistics.withBytes { $0.copyMemory(from: UnsafeRawBufferPointer(now)) } }
    objectiveState = objective.state
  }

  /// Makes things as they were.
  func undo(_ network: Network, _ objective: any Objective) throws {
    statistics.withBytes { then in network.runningStatisticsBuffer.withBytes { $0.copyMemory(from: UnsafeRawBufferPointer(then)) } }
    if objective.state != objectiveState { try objective.restore(state: objectiveState) }
    // Numbers that are not finite may have reached padded lanes, which have to be zero.
    network.gradients.withFloats { $0.update(repeating: 0) }
  }
}
