import Datasets
import Images
import Tensors

/// Some of the samples of another data set with boxes, in the same order.
package struct SelectedBoxes: DetectionDataset {
  private let base: any DetectionDataset
  private let selection: SampleSelection

  /// Leaves samples out.
  /// - Parameter leftOut: their indices, by split; splits that are not named stay whole.
  package init(_ base: any DetectionDataset, without leftOut: [Split: Set<Int>]) {
    self.base = base
    selection = SampleSelection(of: base, without: leftOut)
  }

  /// The name of the whole data set.
  package var name: String { base.name }
  /// Its classes.
  package var categories: CategoryTable { base.categories }
  /// How many samples are left.
  package func count(of split: Split) -> Int { selection.count(of: split) }
  /// The sample's name.
  package func identifier(split: Split, index: Int) -> String { base.identifier(split: split, index: original(split, index)) }
  /// What messages call the sample.
  package func source(split: Split, index: Int) -> String { base.source(split: split, index: original(split, index)) }
  /// The sample's objects.
  package func objects(split: Split, index: Int) throws -> BoxAnnotation {
    try base.objects(split: split, index: original(split, index))
  }
  /// The sample's image.
  package func image(split: Split, index: Int) throws -> RGBImage { try base.image(split: split, index: original(split, index)) }
  /// The image's size.
  package func imageSize(split: Split, index: Int) throws -> ImageSize {
    try base.imageSize(split: split, index: original(split, index))
  }
  /// Counts the sample.
  package func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    try base.count(split: split, index: original(split, index), into: &statistics)
  }
  /// The annotations of the samples that are left.
  package func annotations(of split: Split) throws -> AnnotationSet {
    let all = try base.annotations(of: split)
    return selection.indices(of: split).map(all.selecting) ?? all
  }
  /// What the whole split depends on, and which samples are left of it.
  package func fingerprint(of split: Split) throws -> [String] { try selection.fingerprint(of: split) }
  /// A line for each sample that is left.
  package func listing(of split: Split) throws -> [String] { try selection.listing(of: split) }

  private func original(_ split: Split, _ index: Int) -> Int { selection.original(split, index) }
}
