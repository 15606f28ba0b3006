import Reports
import Tasks
import Training

extension Experiment {
  /// An image of the evaluated split with its annotation and its prediction.
  /// - Throws: `LongtailError` for a file that cannot be read, or when the network cannot take the image.
  package func figure(_ index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    try task.figure(evaluationSplit, index: index, network)
  }

  /// The best and the worst images of an evaluation.
  /// - Parameter count: of each at most.
  /// - Throws: as `figure`.
  package func reportPictures(_ network: InferenceNetwork, _ details: EvaluationDetails, count: Int) throws -> ReportPictures {
    try ReportPictures(details, count: count, palette: palette) { try figure($0, network) }
  }
}
