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

  /// What a choice is for.
  struct Signature {
    /// Images of the batch.
    var images: Int
    /// Everything else: extents, geometry, pass, threads, library.
    var shape: String

    var text: String { "n\(images) \(shape)" }
  }

  /// What is on record for the convolution, or for the same one with another number of images: a last batch that is smaller, or an
  /// evaluation, then computes as the rest of the run does, and no rank has to measure on its own.
  func choice(_ signature: Signature) -> Choice? {
    if let exact = table[signature.text] { return exact }
    let rest = " \(signature.shape)"
    return table.filter { $0.key.hasSuffix(rest) && $0.key.hasPrefix("n") }.min { $0.key < $1.key }?.value
  }

  func record(_ choice: Choice, for signature: Signature) { table[signature.text] = choice }
}

/// How algorithms are chosen.
public enum AlgorithmPolicy {
  /// One algorithm wherever it is possible, direct elsewhere.
  case fixed(ConvolutionAlgorithm)
  /// Those on record; what is not on record is measured on this machine, which should be idle, and put on record.
  case automatic(AlgorithmChoices)

  /// Whether times decide.
  var isMeasured: Bool { if case .automatic = self { true } else { false } }
}
