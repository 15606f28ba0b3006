/// What a plan consists of: kernels, copies and memory, for people and for tests that count.
public struct PlanReport: Sendable, Codable {
  /// Parts of a step.
  public enum Pass: String, Sendable, Codable, CaseIterable {
    case forward
    case backwardData
    case backwardWeights
  }

  /// One kernel of the library.
  public struct Kernel: Sendable, Codable {
    /// The layer's name.
    public var layer: String
    /// The layer's kind.
    public var kind: String
    /// The part of the step.
    public var pass: Pass
    /// The implementation's name, such as `jit:avx2`.
    public var implementation: String
  }

  /// The kernels, in the order of forward passes.
  public var kernels: [Kernel] = []
  /// Activations that are copied in a step, each with its reason and size.
  public var copies: [String] = []
  /// Activations that change their layout in a step. Always empty: a layout that would need it is refused.
  public var activationReorders: [String] = []
  /// Activations that are computed again in the backward pass instead of being kept.
  public var recomputed: [String] = []
  /// Weights that change their layout in a step.
  public var weightReorders: [String] = []
  /// Algorithm of each convolution and pass: `layer pass` to name.
  public var algorithms: [String: String] = [:]
  /// Milliseconds of the convolution kernels that were chosen by measurement, added up; those without a rival are measured, and counted,
  /// only where whole plans are compared. 0 where nothing was measured.
  public var convolutionMilliseconds = 0.0
  /// Milliseconds that the same kernels would take if the model had chosen them, by the same measurement.
  public var modelMilliseconds = 0.0
  /// Bytes of the arena.
  public var arenaByteCount = 0
  /// The largest number of bytes alive at one moment: the arena cannot be smaller.
  public var arenaLowerBound = 0

  /// An empty report.
  public init() {}
}
