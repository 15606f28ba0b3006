import Datasets
import Tensors

extension Experiment {
  /// Refuses a data set that cannot be trained on, before anything expensive is made.
  /// - Throws: `.missingInput` for a split without images, `.usage` for a batch that all images together do not fill.
  package func requireTrainable(globalBatch: Int, dropLast: Bool) throws {
    let count = dataset.count(of: .train)
    guard count > 0 else {
      throw LongtailError(.missingInput, "data set '\(dataset.name)' has no training images", advice: "Check data.root and its settings.")
    }
    if dropLast, epochLength < globalBatch {
      let have = epochLength == count ? "there are only \(count) training images" : "an epoch of data.sampler has only \(epochLength)"
      throw LongtailError(
        .usage, "training.globalBatch is \(globalBatch), but \(have) and training.dropLast drops them all",
        advice: "Use a smaller globalBatch, or set training.dropLast to false.")
    }
    try requireEvaluable()
  }

  /// Refuses an evaluation split without images.
  /// - Throws: `.missingInput`.
  package func requireEvaluable() throws { try requireImages(in: evaluationSplit) }

  /// Refuses a split without images.
  /// - Throws: `.missingInput`.
  func requireImages(in split: Split) throws {
    guard dataset.count(of: split) > 0 else {
      throw LongtailError(
        .missingInput, "data set '\(dataset.name)' has no images in split '\(split.shortName)'",
        advice: "Choose another evaluation.split, or add images.")
    }
  }

  /// Refuses images of different sizes where settings do not bring them to one.
  /// - Parameter audit: what was counted in a split.
  /// - Throws: `.badData` naming two files.
  package func requireOneSize(_ audit: LabelAudit) throws {
    let pipeline = audit.split == .train ? trainingPipeline : evaluationPipeline
    // Several views of an image are computed one after the other, each at its own size.
    if audit.split != .train, !configuration.evaluation.views.isPlain { return }
    if pipeline.fixedOutputSize == nil { try audit.statistics.requireOneSize() }
  }
}
