import Configuration
import Datasets
import Images
import Networks
import Tasks
import Tensors

extension RecognitionTask {
  /// The views of training and of evaluation, as `data` and `evaluation` say.
  package func pipelines(_ usual: InputPipelines) throws -> InputPipelines {
    let data = configuration.data
    let size = data.size.map { ImageSize(width: $0.width, height: $0.height) }
    let seed = UInt64(bitPattern: Int64(configuration.seed))
    let normalization = ImageNormalization(mean: data.mean, deviation: data.standardDeviation)
    let recipe = data.augmentation.views
    let first = ViewSteps(data.augmentation, size: size)
    let further = recipe.furtherViews.map { ViewSteps($0, size: size) } ?? first
    let mixing =
      (data.augmentation.mixup.map { [Mixing(.mixup, shape: $0.alpha, probability: $0.chance ?? 1)] } ?? [])
      + (data.augmentation.cutMix.map { [Mixing(.cutMix, shape: $0.alpha, probability: $0.chance ?? 1)] } ?? [])
    let training = RecognitionInput(
      views: [first] + [ViewSteps](repeating: further, count: recipe.views - 1), mixing: mixing, normalization: normalization, seed: seed)
    let evaluation = RecognitionInput(
      views: [ViewSteps(size: size, frame: try evaluationFrame(size, first))], normalization: normalization, seed: seed)
    try training.validate()
    try evaluation.validate()
    return InputPipelines(training: training, evaluation: evaluation)
  }

  /// What brings an image to the size of the network's input in evaluation.
  private func evaluationFrame(_ size: ImageSize?, _ training: ViewSteps) throws -> ViewSteps.Frame {
    guard let size else {
      if configuration.evaluation.shortSide == nil { return .whole }
      throw LongtailError(
        .usage, "evaluation.shortSide needs the size of the middle that is cut out then", advice: "Set data.size: width and height.")
    }
    // The published relation of 256 to 224, to whole pixels. Small images are taken whole, however parts of them were trained on.
    let usual = training.takesParts && min(size.width, size.height) >= 64 ? (min(size.width, size.height) * 8 + 3) / 7 : nil
    guard let side = configuration.evaluation.shortSide ?? usual else { return .whole }
    guard side >= max(size.width, size.height) else {
      throw LongtailError(
        .usage, "evaluation.shortSide is \(side), but the middle of \(size) pixels is to be cut out of the image",
        advice: "Make it at least \(max(size.width, size.height)), or leave it out.")
    }
    return .shortSide(side)
  }

  /// A network has to give one row of scores for an image.
  package func requireNetwork(_ graph: Graph) throws {
    let multiple = max(1, graph.strideMultiple)
    // Large enough for any network's poolings; rows for pixels would grow with it.
    let side = (256 + multiple - 1) / multiple * multiple
    guard let shape = try? graph.shape(of: .logits, height: side, width: side), shape.height * shape.width != 1 else { return }
    throw LongtailError(
      .usage,
      "the model gives scores for \(shape.width)x\(shape.height) places of an image, but task recognition needs one row for the whole",
      advice: "Choose a model for recognition: longtail describe model lists them.")
  }
}
