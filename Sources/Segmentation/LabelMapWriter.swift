import Foundation
import Images
import Tasks
import Tensors

/// Writes a label PNG and an overlay for each image, and the probabilities of all classes where they are wanted.
final class LabelMapWriter: PredictionWriter {
  /// Behind the names of label images.
  static let labelSuffix = ".png"
  /// Behind the names of overlays.
  static let overlaySuffix = "-overlay.png"
  /// Behind the names of files of probabilities.
  static let probabilitiesSuffix = "-probabilities.safetensors"

  private let predictor: Predictor
  private let classes: [String]
  private let palette: [RGBColour]
  private let options: PredictionOptions

  /// - Parameters:
  ///   - predictor: predicts.
  ///   - classes: names of the classes.
  ///   - palette: their colours.
  init(_ predictor: Predictor, classes: [String], palette: [RGBColour], _ options: PredictionOptions) {
    (self.predictor, self.classes, self.palette, self.options) = (predictor, classes, palette, options)
  }

  func write(_ image: RGBImage, named name: String, to results: [String]) throws -> String {
    let map = options.probabilities ? try predictor.probabilities(of: image) : nil
    let labels = try map.map(predictor.label) ?? predictor.predict(image)
    try labels.writePNG(to: results[0], palette: palette, software: options.mark)
    try Overlay.blend(image, labels, palette: palette, opacity: options.opacity, outlines: true)
      .writePNG(to: results[1], software: options.mark)
    if let map, results.count > 2 {
      let tensor = NamedTensor(name: "probabilities", shape: [map.classes, map.size.height, map.size.width], values: map.values)
      try SafetensorsFile.write(
        [tensor], metadata: ["classes": classes.joined(separator: "\n"), options.mark: options.version], to: results[2])
    }
    return ""
  }

  func finish(in folder: String) throws -> [String] { [] }
}

extension SegmentationTask {
  /// A label image, an overlay, and probabilities where they are wanted.
  package func predictionNames(_ options: PredictionOptions, count: Int) -> PredictionNames {
    PredictionNames(
      suffixes: [LabelMapWriter.labelSuffix, LabelMapWriter.overlaySuffix]
        + (options.probabilities ? [LabelMapWriter.probabilitiesSuffix] : []))
  }

  /// Predicts with the looks at each image that evaluation takes.
  package func makePredictionWriter(_ network: InferenceNetwork, _ options: PredictionOptions) throws -> any PredictionWriter {
    LabelMapWriter(
      Predictor(network, views: views, decision: decision), classes: network.classNames, palette: images.classes.map(\.colour), options)
  }
}
