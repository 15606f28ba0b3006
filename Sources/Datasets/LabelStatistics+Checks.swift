import Images
import Tensors

/// Labels that can be read, and from which nothing follows.
extension LabelStatistics {
  /// Refuses a split without a pixel that has a class.
  /// - Throws: `.badData` with the number of images and pixels.
  package func requireLabelledPixels(of dataset: any SegmentationDataset, split: Split) throws {
    guard labelledPixels == 0, imageCount > 0 else { return }
    throw LongtailError(
      .badData,
      "split '\(split.shortName)': no pixel of its \(imageCount) label files has a class, all \(ignoredPixels) are ignored"
        + LabelStatistics.ignoredNumbers(of: dataset),
      advice: "Check the data set's label map and ignoreIndex; or choose another split with labels, as evaluation.split or with --split.")
  }

  /// Refuses training labels of one class alone: a network that always answers it would be right everywhere.
  /// - Throws: `.badData`; masks of 0 and 255 get the settings that make a class of 255.
  package func requireSeveralClasses(of dataset: any SegmentationDataset) throws {
    try requireLabelledPixels(of: dataset, split: .train)
    let present = pixels.indices.filter { pixels[$0] > 0 }
    guard let only = present.first, present.count == 1, dataset.classes.count > 1 else { return }
    let name = dataset.classes[only].name
    let message = "all \(labelledPixels) labelled pixels of the training images are '\(name)', so that there is nothing to tell apart"
    let hasHidden255 = ignoredPixels > 0 && dataset.labelMap[255] == .ignored
    guard hasHidden255, dataset.labelMap[0] == .classIndex(only) else {
      throw LongtailError(
        .badData, message + (ignoredPixels > 0 ? "; \(ignoredPixels) are ignored\(LabelStatistics.ignoredNumbers(of: dataset))" : ""),
        advice: "Check the label map and ignoreIndex, or add images that show another class.")
    }
    let other = dataset.classes[only == 0 ? 1 : 0].name
    throw LongtailError(
      .badData, "\(message); the other \(ignoredPixels) pixels are 255, which is ignored",
      advice: "Masks of 0 and 255 mean an object to most programs: set data.settings.labelMap to {0: \(name), 255: \(other)}.")
  }

  private static func ignoredNumbers(of dataset: any SegmentationDataset) -> String {
    let numbers = (0...255).filter { dataset.labelMap.meanings[$0] == .ignored }
    guard let first = numbers.first, numbers.count <= 8 else { return "" }
    return numbers.count == 1 ? " (number \(first))" : " (numbers \(numbers.map { "\($0)" }.joined(separator: ", ")))"
  }

  /// What training and another split have of each other's classes, in sentences; empty where they have the same ones.
  /// - Parameter other: counts of the split that is evaluated.
  package func classesMissing(in other: LabelStatistics, split: Split, of dataset: any SegmentationDataset) -> [String] {
    func names(_ chosen: (Int) -> Bool) -> String? {
      let found = dataset.classes.indices.filter(chosen).map { dataset.classes[$0].name }
      guard !found.isEmpty else { return nil }
      return found.prefix(8).joined(separator: ", ") + (found.count > 8 ? " and \(found.count - 8) more" : "")
    }
    let unseen = names { pixels[$0] > 0 && other.pixels[$0] == 0 }.map {
      "no pixel of \($0) in split '\(split.shortName)', but in training: such a class has no score there, or 0 as soon as a pixel is taken for it"
    }
    let unlearned = names { pixels[$0] == 0 && other.pixels[$0] > 0 }.map {
      "no pixel of \($0) in training, but in split '\(split.shortName)': it cannot be learned"
    }
    return [unseen, unlearned].compactMap(\.self)
  }
}
