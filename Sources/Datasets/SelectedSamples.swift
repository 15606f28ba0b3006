import Images
import Tensors

/// Some of the samples of another data set with a class for every pixel, in the same order.
public struct SelectedSamples: SegmentationDataset {
  private let base: any SegmentationDataset
  private let selection: SampleSelection

  /// Leaves samples out.
  /// - Parameter leftOut: their indices, by split; splits that are not named stay whole.
  public init(_ base: any SegmentationDataset, without leftOut: [Split: Set<Int>]) {
    self.base = base
    selection = SampleSelection(of: base, without: leftOut)
  }

  /// The name of the whole data set.
  public var name: String { base.name }
  /// Its classes.
  public var classes: [ClassInfo] { base.classes }
  /// What its numbers mean.
  public var labelMap: LabelMap { base.labelMap }
  /// How many samples are left.
  public func count(of split: Split) -> Int { selection.count(of: split) }
  /// The sample's name.
  public func identifier(split: Split, index: Int) -> String { base.identifier(split: split, index: original(split, index)) }
  /// The path of its labels.
  public func labelSource(split: Split, index: Int) -> String { base.labelSource(split: split, index: original(split, index)) }
  /// The numbers in its label file.
  public func fileLabels(split: Split, index: Int) throws -> LabelImage {
    try base.fileLabels(split: split, index: original(split, index))
  }
  /// The sample.
  public func sample(split: Split, index: Int) throws -> Sample { try base.sample(split: split, index: original(split, index)) }
  /// The image's size.
  public func imageSize(split: Split, index: Int) throws -> ImageSize {
    try base.imageSize(split: split, index: original(split, index))
  }
  /// Image and labels, read to the end.
  public func examine(split: Split, index: Int) throws -> Examination {
    try base.examine(split: split, index: original(split, index))
  }
  /// What the whole split depends on, and which samples are left of it.
  public func fingerprint(of split: Split) throws -> [String] { try selection.fingerprint(of: split) }
  /// A line for each sample that is left.
  public func listing(of split: Split) throws -> [String] { try selection.listing(of: split) }

  private func original(_ split: Split, _ index: Int) -> Int { selection.original(split, index) }
}
