import Images
import Tensors

/// A data set whose training samples are divided into samples for training and for validation. Its test samples stay what they are;
/// validation samples of its own are left alone, where there are some: nothing here leads to them.
package struct DividedSamples: SegmentationDataset {
  private let base: any SegmentationDataset
  /// Which of the training samples are for what.
  package let division: SampleDivision

  /// Divides a data set.
  /// - Parameter leavesOwnValidation: whether validation samples of its own are left alone instead of being a mistake, as for folds of the
  ///   training samples.
  /// - Throws: `.usage` where it has validation samples of its own that are not to be left alone.
  package init(_ base: any SegmentationDataset, _ division: SampleDivision, leavesOwnValidation: Bool = false) throws {
    if !leavesOwnValidation { try DividedSamples.requireOneSplit(base) }
    (self.base, self.division) = (base, division)
  }

  /// Refuses a data set that has validation samples of its own.
  /// - Throws: `.usage`.
  package static func requireOneSplit(_ base: any SegmentationDataset) throws {
    let count = base.count(of: .validation)
    guard count > 0 else { return }
    throw LongtailError(
      .usage, "data.split divides the training samples, but data set '\(base.name)' has \(count) validation samples of its own",
      advice:
        "Leave data.split out, or the settings that name validation samples. Folds (data.split.folds) and lists divide the training samples "
        + "alone, and leave those others alone.")
  }

  /// The name of the whole data set.
  package var name: String { base.name }
  /// Its classes.
  package var classes: [ClassInfo] { base.classes }
  /// What its numbers mean.
  package var labelMap: LabelMap { base.labelMap }
  /// How many samples a part has.
  package func count(of split: Split) -> Int { indices(split)?.count ?? base.count(of: split) }
  /// The sample's name.
  package func identifier(split: Split, index: Int) -> String {
    let (split, index) = original(split, index)
    return base.identifier(split: split, index: index)
  }
  /// The path of its labels.
  package func labelSource(split: Split, index: Int) -> String {
    let (split, index) = original(split, index)
    return base.labelSource(split: split, index: index)
  }
  /// The numbers in its label file.
  package func fileLabels(split: Split, index: Int) throws -> LabelImage {
    let (split, index) = original(split, index)
    return try base.fileLabels(split: split, index: index)
  }
  /// The sample.
  package func sample(split: Split, index: Int) throws -> Sample {
    let (split, index) = original(split, index)
    return try base.sample(split: split, index: index)
  }
  /// The image's size.
  package func imageSize(split: Split, index: Int) throws -> ImageSize {
    let (split, index) = original(split, index)
    return try base.imageSize(split: split, index: index)
  }
  /// Image and labels, read to the end.
  package func examine(split: Split, index: Int) throws -> Examination {
    let (split, index) = original(split, index)
    return try base.examine(split: split, index: index)
  }
  /// What all samples that were divided depend on, and which of them a part has.
  package func fingerprint(of split: Split) throws -> [String] {
    guard let indices = indices(split) else { return try base.fingerprint(of: split) }
    return try base.fingerprint(of: .train) + ["samples " + indices.map { "\($0)" }.joined(separator: " ")]
  }
  /// A line for each sample of a part; where the data set has other lines, these and the part's samples.
  package func listing(of split: Split) throws -> [String] {
    guard let indices = indices(split) else { return try base.listing(of: split) }
    let lines = try base.listing(of: .train)
    guard lines.count == base.count(of: .train) else { return try fingerprint(of: split) }
    return indices.map { lines[$0] }
  }

  private func indices(_ split: Split) -> [Int]? {
    switch split {
    case .train: division.train
    case .validation: division.validation
    case .test: nil
    }
  }

  /// An index past the end stays past the end.
  private func original(_ split: Split, _ index: Int) -> (Split, Int) {
    guard let indices = indices(split) else { return (split, index) }
    return (.train, indices.indices.contains(index) ? indices[index] : base.count(of: .train))
  }
}
