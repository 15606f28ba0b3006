/// Samples of the training split that are held out for validation, where a data set has no such split.
package enum HeldOut {
  /// Divides samples by a hash of their names (FNV-1a, 64 bits): which ones are held out depends on nothing else.
  ///
  /// At least one is held out and one is left, where there are two.
  /// - Parameters:
  ///   - share: of all samples, from 0 to below 1; 0 holds none out.
  ///   - name: of a sample, unique among them.
  /// - Returns: both parts in the order of `samples`.
  package static func divided<Element>(_ samples: [Element], share: Double, name: (Element) -> String) -> (
    train: [Element], validation: [Element]
  ) {
    guard share > 0, samples.count > 1 else { return (samples, []) }
    let count = min(samples.count - 1, max(1, Int((Double(samples.count) * share).rounded())))
    let keys = samples.indices.map { (hash: hash(name(samples[$0])), index: $0) }
    let chosen = Set(keys.sorted { ($0.hash, $0.index) < ($1.hash, $1.index) }.prefix(count).map(\.index))
    return (
      samples.indices.filter { !chosen.contains($0) }.map { samples[$0] }, samples.indices.filter(chosen.contains).map { samples[$0] }
    )
  }

  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
