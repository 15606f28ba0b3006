import Configuration
import Datasets
import Detection
import Images
import Reports
import Tensors
import Training

/// The data set of a detection configuration as `inspect` shows it: each split's annotations, what is wrong with them, and a picture.
struct BoxInspection {
  /// What was asked to be looked at.
  let title: String
  let images: any DetectionDataset
  /// Each split that has samples.
  let splits: [(split: Split, inspection: AnnotationInspection)]

  /// Reads the annotations of all splits and looks at their pictures.
  /// - Returns: nil for a configuration of another task.
  init?(title: String, _ configuration: Configuration) throws {
    guard configuration.task == DetectionTask.name else { return nil }
    guard let images = try TaskRegistry.make(configuration).dataset as? any DetectionDataset else {
      throw LongtailError(.internalError, "task \(DetectionTask.name) has a data set without boxes")
    }
    (self.title, self.images) = (title, images)
    splits = try Split.allCases.filter { images.count(of: $0) > 0 }.map { split in
      (split, AnnotationInspection(title: "\(title), split \(split.shortName)", try images.examination(of: split)))
    }
    guard !splits.isEmpty else { throw LongtailError(.missingInput, "\(title): data set '\(images.name)' has no samples") }
  }

  /// Whether anything is wrong.
  var hasFaults: Bool { splits.contains { !$0.inspection.reading.faults.isEmpty } }

  func text(for terminal: Terminal) -> String { splits.map { $0.inspection.text(for: terminal) }.joined(separator: "\n") }

  var json: JSONValue {
    .members([
      "task": .string(DetectionTask.name), "dataset": .string(images.name),
      "splits": .object(splits.map { .init($0.split.rawValue, $0.inspection.json) }),
    ])
  }

  /// Samples of a split, spread over it, without and with their boxes.
  /// - Parameters:
  ///   - split: the first that has samples if nil.
  ///   - count: how many, where there are as many.
  /// - Throws: `LongtailError` where a picture cannot be read, or there is none.
  func picture(of split: Split?, count: Int) throws -> RGBImage {
    let shown = split ?? splits[0].split
    let all = images.count(of: shown)
    guard all > 0 else { throw LongtailError(.missingInput, "\(title): there are no samples in split \(shown.shortName)") }
    let (names, palette) = (images.classes.map(\.name), images.classes.map(\.colour))
    let rows = try (0..<min(all, count)).map { place -> AugmentationSheet.Row in
      let index = all * place / min(all, count)
      let image = try images.image(split: shown, index: index)
      let objects = try images.objects(split: shown, index: index)
      return AugmentationSheet.Row(
        name: images.identifier(split: shown, index: index),
        cells: [
          .init(image: image.drawing([], palette: []), labels: nil),
          .init(image: image.drawing(DetectionTask.drawn(objects, names: names), palette: palette), labels: nil),
        ])
    }
    return try AugmentationSheet(
      rows: rows, titles: ["picture", "boxes"], classNames: names, palette: palette, caption: "\(images.name) \(shown.shortName)"
    ).image()
  }
}
