/// Which samples of a data set are kept, in the same order: what selections of samples with any kind of annotation have in common.
package struct SampleSelection: Sendable {
  private let base: any ImageDataset
  private let kept: [Split: [Int]]

  /// Leaves samples out.
  /// - Parameter leftOut: their indices, by split; splits that are not named stay whole.
  package init(of base: any ImageDataset, without leftOut: [Split: Set<Int>]) {
    self.base = base
    kept = leftOut.reduce(into: [:]) { kept, entry in
      kept[entry.key] = (0..<base.count(of: entry.key)).filter { !entry.value.contains($0) }
    }
  }

  /// The indices that are kept of a split; nil for a split that is whole.
  package func indices(of split: Split) -> [Int]? { kept[split] }

  /// How many samples are left.
  package func count(of split: Split) -> Int { kept[split]?.count ?? base.count(of: split) }

  /// The index in the whole data set. One past the end stays past the end.
  package func original(_ split: Split, _ index: Int) -> Int {
    guard let kept = kept[split] else { return index }
    return kept.indices.contains(index) ? kept[index] : base.count(of: split)
  }

  /// What the whole split depends on, and which samples are left of it.
  package func fingerprint(of split: Split) throws -> [String] {
    let lines = try base.fingerprint(of: split)
    guard let kept = kept[split], kept.count < base.count(of: split) else { return lines }
    return lines + ["samples " + kept.map { "\($0)" }.joined(separator: " ")]
  }

  /// A line for each sample that is left.
  package func listing(of split: Split) throws -> [String] {
    let lines = try base.listing(of: split)
    guard let kept = kept[split], lines.count == base.count(of: split) else { return lines }
    return kept.map { lines[$0] }
  }
}
