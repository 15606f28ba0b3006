import Configuration
import Datasets
import Tensors

extension DividedSamples {
  /// A data set whose training samples are divided as `data.split` says. The same on every rank and host: it follows from names and
  /// classes.
  ///
  /// Folds and lists leave validation samples of the data set's own alone: only training samples are divided, and nobody sees the others.
  ///
  /// Cost: nothing to speak of, but a stratified division reads every label file once, in each rank and at each start.
  /// - Throws: `LongtailError` for a division that is not possible, and for labels that cannot be read; with `data.badFiles: skip`, samples
  ///   with such labels count as samples without classes.
  static func dividing(
    _ dataset: any SegmentationDataset, by rule: Configuration.Division, _ data: Configuration.DataSet
  ) throws -> any SegmentationDataset {
    // Folds and lists say outright that validation takes place on training samples; a share may be a mistake.
    let leavesOwnValidation = rule.folds != nil || rule.trainList != nil
    if !leavesOwnValidation { try DividedSamples.requireOneSplit(dataset) }
    let names = (0..<dataset.count(of: .train)).map { dataset.identifier(split: .train, index: $0) }
    if let train = rule.trainList, let validation = rule.validationList {
      return try DividedSamples(
        dataset, SampleDivision(samples: names, trainList: train, validationList: validation), leavesOwnValidation: leavesOwnValidation)
    }
    let classes =
      rule.stratified
      ? try SampleClasses(
        countingLabelsOf: dataset, split: .train, threads: max(1, data.loader.threads), skipsUnreadable: data.badFiles == .skip) : nil
    let division = try SampleDivision(
      samples: names, rule: rule.folds.map { .fold(rule.fold ?? 0, of: $0) } ?? .share(rule.validation ?? 0.2), groupBy: rule.groupBy,
      classes: classes, seed: UInt64(bitPattern: Int64(rule.seed)))
    return try DividedSamples(dataset, division, leavesOwnValidation: leavesOwnValidation)
  }
}
