/// Which algorithms a run's convolutions use and who chose them: recorded beside its results, since they decide how numbers are rounded.
public struct AlgorithmRecord: Sendable, Hashable, Codable {
  /// Who chose: the model with the digest of its table, a measurement, or nobody; and what was on record before.
  public var source: String
  /// Equal for equal algorithms in all layers of the training plan.
  public var digest: String

  /// Creates an algorithm record.
  public init(source: String, digest: String) { (self.source, self.digest) = (source, digest) }
}
