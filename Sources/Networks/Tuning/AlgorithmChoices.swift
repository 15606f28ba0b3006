import Kernels
import Tensors

/// Algorithms by signature: what is broadcast, cached on disk and kept in checkpoints.
public typealias AlgorithmTable = [ConvolutionSignature: AlgorithmChoices.Choice]

/// Which algorithm each convolution and pass uses: those on record, and those that plans add while they are compiled.
public final class AlgorithmChoices: @unchecked Sendable {
  /// What was chosen.
  public struct Choice: Codable, Sendable, Hashable {
    /// The algorithm.
    package var algorithm: ConvolutionAlgorithm
    /// Best time of each candidate, in milliseconds; none where nothing was timed.
    package var milliseconds: [String: Double]

    /// A choice with the times that it rests on.
    package init(algorithm: ConvolutionAlgorithm, milliseconds: [String: Double] = [:]) {
      self.algorithm = algorithm
      self.milliseconds = milliseconds
    }
  }

  /// All choices so far.
  package private(set) var table: AlgorithmTable
  private let cache: AlgorithmTable

  /// Begins with what is known.
  /// - Parameters:
  ///   - table: choices of the run that is gone on with, or of a file that was named: they hold for any number of images.
  ///   - cache: what other runs have measured, for just the same convolutions; what is used of it comes into the table.
  public init(_ table: AlgorithmTable = [:], cache: AlgorithmTable = [:]) {
    self.table = table
    self.cache = cache
  }

  /// Takes over another table, such as that of rank zero.
  package func replace(_ table: AlgorithmTable) { self.table = table }

  /// What is on record for the convolution, or for the same one with another number of images, the smallest first: a last batch that is
  /// smaller, or an evaluation, then computes as the rest of the run does.
  package func choice(for signature: ConvolutionSignature) -> Choice? {
    if let exact = table[signature] { return exact }
    let others = table.filter { $0.key.isSame(exceptImages: signature) }
    if let found = others.min(by: { $0.key.images < $1.key.images }) { return found.value }
    guard let measured = cache[signature] else { return nil }
    table[signature] = measured
    return measured
  }

  /// The number of images that the choices on record were made for, where it is the same for all of them.
  package var images: Int? {
    let counts = Set(table.keys.map(\.images))
    return counts.count == 1 ? counts.first : nil
  }

  func record(_ choice: Choice, for signature: ConvolutionSignature) { table[signature] = choice }
}

extension AlgorithmTable {
  /// Equal for equal algorithms of equal convolutions; times do not count.
  package var digest: String { stateDigest(ofLines: map { "\($0.key) \($0.value.algorithm.rawValue)" }) }
}

extension PlanReport {
  /// Equal for equal algorithms in all layers.
  package var algorithmDigest: String { stateDigest(ofLines: algorithms.map { "\($0.key) \($0.value)" }) }
}

/// Sixteen digits for a set of lines.
func stateDigest(ofLines lines: [String]) -> String {
  let text = Array(lines.sorted().joined(separator: "\n").utf8)
  return text.withUnsafeBytes { StateDigest(bytes: $0).description }
}

/// How algorithms are chosen. Choices on record come first in all but the first.
public enum AlgorithmPolicy: Sendable {
  /// One algorithm wherever it is possible, direct elsewhere.
  case fixed(ConvolutionAlgorithm)
  /// By `AlgorithmModel`: nothing is timed, and every start on such a machine chooses the same.
  case model(AlgorithmChoices = AlgorithmChoices())
  /// By timing each candidate on this machine, which should be idle.
  case measured(AlgorithmChoices)

  /// Whether times decide.
  var isMeasured: Bool { if case .measured = self { true } else { false } }

  /// What is on record, and where decisions are added; nil where there is nothing to decide.
  var choices: AlgorithmChoices? {
    switch self {
    case .fixed: nil
    case .model(let choices), .measured(let choices): choices
    }
  }
}
