import Foundation
import Images
import Tasks
import Tensors

/// Draws the boxes of each image, and writes all of them into one file as COCO has them.
///
/// `detections.json` holds the images, the classes and the boxes with their scores, so that nothing else is needed to read it; the list
/// `annotations` with `image_id`, `category_id`, `bbox` and `score` is also what COCO calls results.
final class BoxWriter: PredictionWriter {
  /// What an image's drawing has behind its name.
  static let overlaySuffix = "-overlay.png"
  /// The file of all boxes.
  static let list = "detections.json"

  private let task: DetectionTask
  private let network: InferenceNetwork
  private let options: PredictionOptions
  /// Entries of the file, written by hand: keys keep their order.
  private var images: [String] = []
  private var boxes: [String] = []

  /// - Parameter options: boxes from the threshold on are drawn; the file holds all that the model's settings keep.
  init(_ task: DetectionTask, _ network: InferenceNetwork, _ options: PredictionOptions) {
    (self.task, self.network, self.options) = (task, network, options)
  }

  func write(_ image: RGBImage, named name: String, to results: [String]) throws -> String {
    let found = try task.predictions(of: image, network)
    let classes = task.images.classes
    let drawn = DetectionTask.drawn(found.filter { Double($0.score) >= options.threshold }, names: classes.map(\.name))
    for path in results {
      try image.drawing(drawn, palette: classes.map(\.colour)).writePNG(to: path, software: options.mark)
    }
    let id = images.count + 1
    images.append("{\"id\": \(id), \"file_name\": \(try text(name)), \"width\": \(image.width), \"height\": \(image.height)}")
    for object in found {
      let box = object.box.box
      let numbers = [box.x, box.y, box.width, box.height].map(number).joined(separator: ", ")
      boxes.append(
        "{\"id\": \(boxes.count + 1), \"image_id\": \(id), \"category_id\": \(task.images.categories[Int(object.label)].id), "
          + "\"bbox\": [\(numbers)], \"area\": \(number(box.area)), \"iscrowd\": 0, \"score\": \(object.score)}")
    }
    let kept = drawn.count == found.count ? "" : ", \(drawn.count) of them drawn"
    return "\(found.count) box\(found.count == 1 ? "" : "es")\(kept)"
  }

  func finish(in folder: String) throws -> [String] {
    let path = "\(folder)/\(BoxWriter.list)"
    let categories = try task.images.categories.categories.map { "{\"id\": \($0.id), \"name\": \(try text($0.name))}" }
    func list(_ entries: [String]) -> String { entries.isEmpty ? "[]" : "[\n  " + entries.joined(separator: ",\n  ") + "\n]" }
    let content =
      "{\"info\": {\"description\": \"predicted by \(options.mark) \(options.version)\"},\n\"images\": \(list(images)),\n\"categories\": "
      + "\(list(categories)),\n\"annotations\": \(list(boxes))}\n"
    do {
      try Data(content.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "cannot write \(path): \(error.localizedDescription)", advice: "Check space and permissions.")
    }
    return [path]
  }

  /// Hundredths of a pixel are enough.
  private func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  private func text(_ value: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension DetectionTask {
  /// A drawing of each image, and the boxes of all of them.
  package func predictionNames(_ options: PredictionOptions, count: Int) -> PredictionNames {
    PredictionNames(suffixes: [BoxWriter.overlaySuffix], shared: [BoxWriter.list])
  }

  /// Draws boxes and lists them.
  package func makePredictionWriter(_ network: InferenceNetwork, _ options: PredictionOptions) throws -> any PredictionWriter {
    BoxWriter(self, network, options)
  }
}
