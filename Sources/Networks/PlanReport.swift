/// What a plan consists of: kernels, copies and memory, for people and for tests that count.
package struct PlanReport: Sendable, Codable {
  /// Parts of a step.
  package enum Pass: String, Sendable, Codable, CaseIterable {
    case forward
    case backwardData
    case backwardWeights
  }

  /// One kernel of the library.
  package struct Kernel: Sendable, Codable {
    /// The layer's name.
    package var layer: String
    /// The layer's kind.
    package var kind: String
    /// The part of the step.
    package var pass: Pass
    /// The implementation's name, such as `jit:avx2`.
    package var implementation: String
  }

  /// The kernels, in the order of forward passes.
  package var kernels: [Kernel] = []
  /// Activations that are copied in a step, each with its reason and size.
  package var copies: [String] = []
  /// Activations that change their layout in a step. Always empty: a layout that would need it is refused.
  package var activationReorders: [String] = []
  /// Activations that are computed again in the backward pass instead of being kept.
  package var recomputed: [String] = []
  /// Weights that change their layout in a step.
  package var weightReorders: [String] = []
  /// Algorithm of each convolution and pass: `layer pass` to name.
  package var algorithms: [String: String] = [:]
  /// Milliseconds of the convolution kernels that were chosen by measurement, added up; those without a rival are measured, and counted,
  /// only where whole plans are compared. 0 where nothing was measured.
  package var convolutionMilliseconds = 0.0
  /// Milliseconds that the same kernels would take if the model had chosen them, by the same measurement.
  package var modelMilliseconds = 0.0
  /// Bytes of the arena.
  package var arenaByteCount = 0
  /// The largest number of bytes alive at one moment: the arena cannot be smaller.
  package var arenaLowerBound = 0

  /// An empty report.
  package init() {}
}
