import Configuration
import Datasets
import Images
import Networks
import Objectives
import Tensors

/// Predicts single images, at the network's input size and back at the image's own; with several looks at each where
/// `evaluation.views` asks for them.
public final class Predictor {
  private let experiment: Experiment
  private let network: Network
  private let parameters: ParameterSet
  private let offsets: [Double]?
  private let shifter = RowShifter()
  private let views: MultiViewInference

  /// Uses a network's present parameters, or another set of them.
  /// - Parameter offsets: what is added to the scores of each class, as an objective with post-hoc adjustment asks for.
  public init(_ experiment: Experiment, network: Network, parameters: ParameterSet? = nil, offsets: [Double]? = nil) {
    self.experiment = experiment
    self.network = network
    self.parameters = parameters ?? network.parameterSet
    self.offsets = offsets
    views = MultiViewInference(experiment, network: network, parameters: self.parameters, offsets: offsets)
  }

  /// The probability of each class at each pixel, at the image's own size.
  ///
  /// With one look at the image, the most probable class may differ from `predict(_:)` where two are all but equal: there scores are
  /// interpolated, here probabilities.
  /// - Throws: `LongtailError` when the network cannot take the size.
  public func probabilities(of image: RGBImage) throws -> ProbabilityMap { try views.probabilities(of: image) }

  /// The best class of each pixel, at the image's own size.
  /// - Throws: `LongtailError` when the network cannot take the size.
  public func predict(_ image: RGBImage) throws -> LabelImage {
    try label(predictions(of: image, size: ImageSize(width: image.width, height: image.height)), image.width, image.height)
  }

  /// The best class of each pixel, row after row, at another size than the image's own.
  ///
  /// A window that is not smaller than the image is no window: then, as without views, scores are interpolated and not probabilities.
  /// - Throws: `LongtailError` when the network cannot take the size.
  public func predictions(of image: RGBImage, size wanted: ImageSize) throws -> [UInt8] {
    let pipeline = experiment.evaluationPipeline
    let empty = LabelImage(width: image.width, height: image.height, fill: LabelImage.ignored)
    let prepared = pipeline.prepared(Sample(image: image, labels: empty))
    let size = ImageSize(width: prepared.image.width, height: prepared.image.height)
    guard experiment.configuration.evaluation.views.isPlain(forImagesOf: size) else {
      return try views.probabilities(of: image, size: wanted).predictions()
    }
    let padded = experiment.padded(size)
    let plan = try network.inferencePlan(images: 1, height: padded.height, width: padded.width)
    var labels = [Int32](repeating: -1, count: padded.width * padded.height)
    let input = HostBuffer(floatCount: 3 * padded.height * padded.width)
    try input.withFloats { input in
      try labels.withUnsafeMutableBufferPointer {
        try pipeline.write(prepared, epoch: 0, index: 0, height: padded.height, width: padded.width, images: input, labels: $0)
      }
    }
    try plan.forward(parameters, images: BatchImages(input))
    let logits = try plan.logits()
    if let offsets { try shifter.add(offsets, to: logits) }
    return LogitsResampling.predictions(of: logits, image: 0, columns: padded.width, valid: size, size: wanted)
  }

  /// The most probable classes of a map.
  /// - Throws: `LongtailError` if the map is not whole.
  public func label(_ map: ProbabilityMap) throws -> LabelImage { try label(map.predictions(), map.size.width, map.size.height) }

  private func label(_ predictions: [UInt8], _ width: Int, _ height: Int) throws -> LabelImage {
    guard let result = LabelImage(width: width, height: height, labels: predictions) else {
      throw LongtailError(.internalError, "a prediction has not one class a pixel")
    }
    return result
  }
}

extension Configuration.Views {
  /// Whether an image of a size that the network sees is looked at once, as a whole and as it is.
  func isPlain(forImagesOf size: ImageSize) -> Bool {
    let coversAll = window.map { $0.width >= size.width && $0.height >= size.height } ?? true
    return coversAll && scales == [1] && !flip
  }
}
