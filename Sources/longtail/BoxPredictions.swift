import Detection
import Foundation
import Images
import Reports
import Tasks
import Tensors
import Training

/// What `predict` writes for a detector: each image with its boxes, and all of them in one file as COCO has them.
///
/// `detections.json` holds the images, the classes and the boxes with their scores, so that nothing else is needed to read it; the list
/// `annotations` with `image_id`, `category_id`, `bbox` and `score` is also what COCO calls results.
struct BoxPredictions {
  /// Boxes from this score on are drawn; the file holds all that the model's settings keep.
  let threshold: Double
  private let task: DetectionTask
  private let path: String
  /// Entries of the file, written by hand: keys keep their order.
  private var images: [String] = []
  private var boxes: [String] = []

  /// - Parameters:
  ///   - output: the folder of the results.
  ///   - overwrites: whether a file of somebody else may be replaced.
  /// - Throws: `LongtailError` for a file in the way.
  init(_ task: DetectionTask, threshold: Double, output: String, overwrites: Bool) throws {
    (self.task, self.threshold, path) = (task, threshold, "\(output)/detections.json")
    guard !overwrites, let bytes = FileManager.default.contents(atPath: path) else { return }
    guard String(decoding: bytes.prefix(200), as: UTF8.self).contains(BoxPredictions.mark) else {
      throw LongtailError(.usage, "\(path) is there, and longtail did not write it", advice: "Name another --output, or give --overwrite.")
    }
  }

  private static let mark = "predicted by longtail"

  /// Predicts an image, draws its boxes, and keeps them for the file.
  /// - Throws: `LongtailError` where the drawing cannot be written.
  mutating func add(_ entry: PredictionFiles.Entry, _ image: RGBImage, _ network: InferenceNetwork) throws {
    let found = try task.predictions(of: image, network)
    let classes = task.images.classes
    let drawn = DetectionTask.drawn(found.filter { Double($0.score) >= threshold }, names: classes.map(\.name))
    let folder = (entry.overlay as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw LongtailError(.inputOutput, "cannot make \(folder): \(error.localizedDescription)")
    }
    try image.drawing(drawn, palette: classes.map(\.colour)).writePNG(to: entry.overlay, software: OwnFile.mark)
    let id = images.count + 1
    images.append(
      "{\"id\": \(id), \"file_name\": \(try text(entry.image)), \"width\": \(image.width), \"height\": \(image.height)}")
    for object in found {
      let box = object.box.box
      let numbers = [box.x, box.y, box.width, box.height].map(number).joined(separator: ", ")
      boxes.append(
        "{\"id\": \(boxes.count + 1), \"image_id\": \(id), \"category_id\": \(task.images.categories[Int(object.label)].id), "
          + "\"bbox\": [\(numbers)], \"area\": \(number(box.area)), \"iscrowd\": 0, \"score\": \(object.score)}")
    }
    let kept = drawn.count == found.count ? "" : ", \(drawn.count) of them drawn"
    printNow("\(entry.image) -> \(entry.overlay): \(found.count) box\(found.count == 1 ? "" : "es")\(kept)\n")
  }

  /// Writes all boxes.
  /// - Throws: `LongtailError` where that is not possible.
  func write() throws {
    let categories = try task.images.categories.categories.map { "{\"id\": \($0.id), \"name\": \(try text($0.name))}" }
    func list(_ entries: [String]) -> String { entries.isEmpty ? "[]" : "[\n  " + entries.joined(separator: ",\n  ") + "\n]" }
    let content =
      "{\"info\": {\"description\": \"\(BoxPredictions.mark) \(Versions.longtail)\"},\n\"images\": \(list(images)),\n\"categories\": "
      + "\(list(categories)),\n\"annotations\": \(list(boxes))}\n"
    do {
      try Data(content.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "cannot write \(path): \(error.localizedDescription)", advice: "Check space and permissions.")
    }
    printNow("\(path): \(boxes.count) boxes in \(images.count) images\n")
  }

  /// Hundredths of a pixel are enough.
  private func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  private func text(_ value: String) throws -> String { try JSONValue(encoding: value).line }
}
