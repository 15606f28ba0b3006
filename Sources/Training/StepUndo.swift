import Networks
import Tensors

/// Takes back what a step has changed before its optimizer runs: running statistics, which the forward pass moves.
///
/// Parameters, moments, counters and the objective's state are only touched once the step is accepted.
/// Cost: one copy of the running statistics a step, some kilobytes.
final class StepUndo {
  private let statistics: HostBuffer

  init(_ network: Network) {
    statistics = HostBuffer(byteCount: network.runningStatisticsBuffer.byteCount)
  }

  /// Remembers how things are.
  func remember(_ network: Network) {
    network.runningStatisticsBuffer.withBytes { now in statistics.withBytes { $0.copyMemory(from: UnsafeRawBufferPointer(now)) } }
  }

  /// Makes things as they were.
  func undo(_ network: Network) {
    statistics.withBytes { then in network.runningStatisticsBuffer.withBytes { $0.copyMemory(from: UnsafeRawBufferPointer(then)) } }
    // Numbers that are not finite may have reached padded lanes, which have to be zero.
    network.gradients.withFloats { $0.update(repeating: 0) }
  }
}
