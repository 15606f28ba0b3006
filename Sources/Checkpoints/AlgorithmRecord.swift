/// Which algorithms a run's convolutions use and who chose them: recorded beside its results, since they decide how numbers are rounded.
package struct AlgorithmRecord: Sendable, Hashable, Codable {
  /// Who chose: the model with the digest of its table, a measurement, or nobody; and what was on record before.
  package var source: String
  /// Equal for equal algorithms in all layers of the training plan.
  package var digest: String

  /// Creates an algorithm record.
  package init(source: String, digest: String) { (self.source, self.digest) = (source, digest) }
}
