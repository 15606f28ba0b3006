import Datasets
import Images
import Networks
import Objectives
import Tensors

/// Predicts single images, at the network's input size and back at the image's own.
public final class Predictor {
  private let experiment: Experiment
  private let network: Network
  private let offsets: [Double]?
  private let shifter = RowShifter()

  /// Uses a network's present parameters.
  /// - Parameter offsets: what is added to the scores of each class, as an objective with post-hoc adjustment asks for.
  public init(_ experiment: Experiment, network: Network, offsets: [Double]? = nil) {
    self.experiment = experiment
    self.network = network
    self.offsets = offsets
  }

  /// The best class of each pixel, at the image's own size.
  /// - Throws: `LongtailError` when the network cannot take the size.
  public func predict(_ image: RGBImage) throws -> LabelImage {
    let pipeline = experiment.evaluationPipeline
    let empty = LabelImage(width: image.width, height: image.height, fill: LabelImage.ignored)
    let prepared = pipeline.prepared(Sample(image: image, labels: empty))
    let size = ImageSize(width: prepared.image.width, height: prepared.image.height)
    let padded = experiment.padded(size)
    let plan = try network.inferencePlan(images: 1, height: padded.height, width: padded.width)
    var labels = [Int32](repeating: -1, count: padded.width * padded.height)
    try plan.withInput { input in
      try labels.withUnsafeMutableBufferPointer {
        try pipeline.write(prepared, epoch: 0, index: 0, height: padded.height, width: padded.width, images: input, labels: $0)
      }
    }
    try plan.forward()
    if let offsets { try shifter.add(offsets, to: plan.logits) }
    let predictions = LogitsResampling.predictions(
      of: plan.logits, image: 0, columns: padded.width, valid: size, size: ImageSize(width: image.width, height: image.height))
    guard let result = LabelImage(width: image.width, height: image.height, labels: predictions) else {
      throw LongtailError(.internalError, "a prediction has not one class a pixel")
    }
    return result
  }
}
