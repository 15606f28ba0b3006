import Networks
import Tensors

/// Takes back what a step has changed before its optimizer runs: running statistics, which the forward passes move.
///
/// Parameters, moments, counters, the objective's state and followers are only touched once the step is accepted.
/// Cost: one copy of the running statistics a step, some kilobytes.
final class StepUndo {
  private let sets: [(set: ParameterSet, statistics: HostBuffer)]
  private let networks: [Network]

  /// - Parameters:
  ///   - sets: whose running statistics move.
  ///   - networks: whose gradients a step writes.
  init(_ sets: [ParameterSet], _ networks: [Network]) {
    self.sets = sets.map { ($0, HostBuffer(byteCount: $0.statistics.byteCount)) }
    self.networks = networks
  }

  /// Remembers how things are.
  func remember() {
    for (set, statistics) in sets { StepUndo.copy(set.statistics, to: statistics) }
  }

  /// Makes things as they were.
  func undo() {
    for (set, statistics) in sets { StepUndo.copy(statistics, to: set.statistics) }
    // Numbers that are not finite may have reached padded lanes, which have to be zero.
    for network in networks { network.gradients.withFloats { $0.update(repeating: 0) } }
  }

  private static func copy(_ source: HostBuffer, to target: HostBuffer) {
    source.withBytes { from in target.withBytes { $0.copyMemory(from: UnsafeRawBufferPointer(from)) } }
  }
}
