import Images
import Networks
import Tasks
import Tensors

/// Recognizes single images.
package struct Recognizer {
  private let network: InferenceNetwork

  /// Uses a network.
  package init(_ network: InferenceNetwork) { self.network = network }

  /// The scores of the classes, offsets of the objective added.
  /// - Throws: `LongtailError` when the network cannot take the image's size, or does not give one row of scores.
  package func scores(of image: RGBImage) throws -> [Float] {
    let plan = try network.forward(network.pipeline.prepared(image)).plan
    let logits = try plan.logits()
    guard logits.rows == 1, logits.classes == network.classNames.count else {
      throw LongtailError(
        .internalError,
        "the network gives \(logits.rows) rows of \(logits.classes) scores for one image of \(network.classNames.count) classes")
    }
    var scores = logits.buffer.withFloats { memory in
      (0..<logits.classes).map { memory[logits.index(image: 0, row: 0, class: $0)] }
    }
    if let offsets = network.offsets {
      // As batches of an evaluation are shifted: the sum is rounded once.
      for k in scores.indices { scores[k] += Float(offsets[k]) }
    }
    return scores
  }

  /// The likeliest classes.
  /// - Throws: as `scores(of:)`.
  package func likeliest(of image: RGBImage, count: Int) throws -> TopClasses { TopClasses(logits: try scores(of: image), count: count) }
}
