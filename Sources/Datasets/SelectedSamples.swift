import Images
import Tensors

/// Some of the samples of another data set with a class for every pixel, in the same order.
package struct SelectedSamples: SegmentationDataset {
  private let base: any SegmentationDataset
  private let selection: SampleSelection

  /// Leaves samples out.
  /// - Parameter leftOut: their indices, by split; splits that are not named stay whole.
  package init(_ base: any SegmentationDataset, without leftOut: [Split: Set<Int>]) {
    self.base = base
    selection = SampleSelection(of: base, without: leftOut)
  }

  /// The name of the whole data set.
  package var name: String { base.name }
  /// Its classes.
  package var classes: [ClassInfo] { base.classes }
  /// What its numbers mean.
  package var labelMap: LabelMap { base.labelMap }
  /// How many samples are left.
  package func count(of split: Split) -> Int { selection.count(of: split) }
  /// The sample's name.
  package func identifier(split: Split, index: Int) -> String { base.identifier(split: split, index: original(split, index)) }
  /// The path of its labels.
  package func labelSource(split: Split, index: Int) -> String { base.labelSource(split: split, index: original(split, index)) }
  /// The numbers in its label file.
  package func fileLabels(split: Split, index: Int) throws -> LabelImage {
    try base.fileLabels(split: split, index: original(split, index))
  }
  /// The sample.
  package func sample(split: Split, index: Int) throws -> Sample { try base.sample(split: split, index: original(split, index)) }
  /// The image's size.
  package func imageSize(split: Split, index: Int) throws -> ImageSize {
    try base.imageSize(split: split, index: original(split, index))
  }
  /// Image and labels, read to the end.
  package func examine(split: Split, index: Int) throws -> Examination {
    try base.examine(split: split, index: original(split, index))
  }
  /// What the whole split depends on, and which samples are left of it.
  package func fingerprint(of split: Split) throws -> [String] { try selection.fingerprint(of: split) }
  /// A line for each sample that is left.
  package func listing(of split: Split) throws -> [String] { try selection.listing(of: split) }

  private func original(_ split: Split, _ index: Int) -> Int { selection.original(split, index) }
}
