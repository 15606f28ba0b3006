import Configuration
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// Predicts single images, at the network's input size and back at the image's own; with several views of each where
/// `evaluation.views` asks for them.
package final class Predictor {
  private let network: InferenceNetwork
  private let shifter = RowShifter()
  private let views: Configuration.Views
  private let decision: Configuration.Decision
  private let inference: MultiViewInference

  /// Uses a network.
  /// - Parameters:
  ///   - views: the looks at an image.
  ///   - decision: how classes are chosen. A shift has to be among the network's offsets already.
  package init(_ network: InferenceNetwork, views: Configuration.Views, decision: Configuration.Decision = .init()) {
    self.network = network
    self.views = views
    self.decision = decision
    inference = MultiViewInference(network, views: views, temperature: decision.temperature)
  }

  /// The probability of each class at each pixel, at the image's own size.
  ///
  /// With one look at the image, the most probable class may differ from `predict(_:)` where two are all but equal: there scores are
  /// interpolated, here probabilities.
  /// - Throws: `LongtailError` when the network cannot take the size.
  package func probabilities(of image: RGBImage) throws -> ProbabilityMap { try inference.probabilities(of: image) }

  /// The best class of each pixel, at the image's own size, as a label image.
  /// - Throws: `LongtailError` when the network cannot take the size, or has more classes than a label image can tell apart.
  package func predict(_ image: RGBImage) throws -> LabelImage {
    try label(predictions(of: image, size: ImageSize(width: image.width, height: image.height)), image.width, image.height)
  }

  /// The best class of each pixel, row after row, at another size than the image's own.
  ///
  /// A window that is not smaller than the image is no window: then, as without views, scores are interpolated and not probabilities.
  /// A decision by rank, and several networks, always take probabilities.
  /// - Throws: `LongtailError` when the network cannot take the size.
  package func predictions(of image: RGBImage, size wanted: ImageSize) throws -> [Int32] {
    try judgement(of: image, size: wanted, withProbabilities: false).predictions
  }

  /// The classes of the pixels at a size, and the probabilities where they were taken or asked for.
  func judgement(
    of image: RGBImage, size wanted: ImageSize, withProbabilities: Bool
  ) throws -> (predictions: [Int32], map: ProbabilityMap?) {
    let prepared = network.pipeline.prepared(image)
    let size = ImageSize(width: prepared.width, height: prepared.height)
    guard views.isPlain(forImagesOf: size), decision.rule != .rank, network.companions.isEmpty else {
      let map = try inference.probabilities(of: image, size: wanted)
      return (map.predictions(decision), map)
    }
    let (plan, padded) = try network.forward(prepared)
    let logits = try plan.logits()
    if let offsets = network.offsets { try shifter.add(offsets, to: logits) }
    let predictions = LogitsResampling.predictions(of: logits, image: 0, columns: padded.width, valid: size, size: wanted)
    if !withProbabilities { return (predictions, nil) }
    var map = ProbabilityMap(classes: logits.classes, size: size)
    map.addSoftmax(logits, columns: padded.width, window: size, x: 0, y: 0, temperature: decision.temperature)
    return (predictions, map.resized(to: wanted))
  }

  /// The classes of a map, chosen as the decision says, as a label image.
  /// - Throws: `LongtailError` if the map is not whole, or has more classes than a label image can tell apart.
  package func label(_ map: ProbabilityMap) throws -> LabelImage { try label(map.predictions(decision), map.size.width, map.size.height) }

  private func label(_ predictions: [Int32], _ width: Int, _ height: Int) throws -> LabelImage {
    try LabelImage(classes: predictions, of: network.classNames.count, width: width, height: height)
  }
}

extension LabelImage {
  /// A label image of class numbers, as 8-bit files and drawings have it.
  /// - Parameter count: how many classes there are.
  /// - Throws: `.usage` for more than 255 classes, whose numbers a byte cannot tell apart (255 is ignored); nothing is ever cut off.
  package init(classes: [Int32], of count: Int, width: Int, height: Int) throws {
    guard count <= Int(LabelImage.ignored) else {
      throw LongtailError(
        .usage, "a label image tells \(Int(LabelImage.ignored)) classes apart, and this network has \(count)",
        advice: "Scores and probabilities are exact for any number of classes; only label images and drawings of labels cannot be made.")
    }
    guard let image = LabelImage(width: width, height: height, labels: classes.map { UInt8(clamping: $0) }) else {
      throw LongtailError(.internalError, "a prediction has not one class a pixel")
    }
    self = image
  }
}

extension Configuration.Views {
  /// Whether an image of a size that the network sees is looked at once, as a whole and as it is.
  package func isPlain(forImagesOf size: ImageSize) -> Bool {
    let coversAll = window.map { $0.width >= size.width && $0.height >= size.height } ?? true
    return coversAll && scales == [1] && !flip
  }
}
