import Kernels
import Tensors

/// Which algorithm each convolution and pass uses: a value that is broadcast, cached on disk and kept in checkpoints.
public final class AlgorithmChoices: @unchecked Sendable {
  /// What was chosen, by the convolution's signature and pass.
  public struct Choice: Codable, Sendable, Hashable {
    /// The algorithm.
    public var algorithm: ConvolutionAlgorithm
    /// Best time of each candidate, in milliseconds.
    public var milliseconds: [String: Double]

    /// A choice with the times that it rests on.
    public init(algorithm: ConvolutionAlgorithm, milliseconds: [String: Double]) {
      self.algorithm = algorithm
      self.milliseconds = milliseconds
    }
  }

  /// All choices so far.
  public private(set) var table: [String: Choice]

  /// Begins with what is known, for example from a checkpoint.
  public init(_ table: [String: Choice] = [:]) { self.table = table }

  /// Takes over another table, such as that of rank zero.
  public func replace(_ table: [String: Choice]) { self.table = table }

  func choice(_ signature: String) -> Choice? { table[signature] }
  func record(_ choice: Choice, for signature: String) { table[signature] = choice }
}

/// How algorithms are chosen.
public enum AlgorithmPolicy {
  /// One algorithm wherever it is possible, direct elsewhere.
  case fixed(ConvolutionAlgorithm)
  /// Those on record; what is not on record is measured on this machine, which should be idle, and put on record.
  case automatic(AlgorithmChoices)
}
