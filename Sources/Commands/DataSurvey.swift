import Datasets
import Images
import Reports
import Tensors

/// A look at a data set's samples: all of a small one, as many as are worth the wait of a large one.
struct DataSurvey {
  /// Samples of a split that are read.
  static let sampleLimit = 400

  let dataset: any SegmentationDataset
  let split: Split
  /// Counts of the samples that were read.
  let statistics: LabelStatistics
  /// Sizes of their images.
  let sizes: [ImageSize]

  /// Reads the samples, spread over the split.
  init(_ dataset: any SegmentationDataset, split: Split = .train, threads: Int) throws {
    self.dataset = dataset
    self.split = split
    let count = dataset.count(of: split)
    guard count > 0 else {
      throw LongtailError(
        .missingInput, "there are no \(split.shortName) samples in data set '\(dataset.name)'", advice: "Check its lists.")
    }
    let read = min(count, Self.sampleLimit)
    let left = Set(0..<count).subtracting((0..<read).map { count * $0 / read })
    let part = SelectedSamples(dataset, without: [split: left])
    statistics = try LabelAudit.scan(part, split: split, indices: 0..<read, threads: threads)
    sizes = (0..<min(read, 50)).compactMap { try? part.imageSize(split: split, index: $0) }
  }

  /// Whether there are more samples than were read.
  var isPartial: Bool { statistics.imageCount + statistics.badFiles.count < dataset.count(of: split) }

  /// The first thing that would keep a run from beginning.
  var problem: LongtailError? {
    do {
      try statistics.validate()
      return nil
    } catch { return error as? LongtailError }
  }

  /// The size of the image in the middle, by area.
  var typicalSize: ImageSize? {
    let sorted = sizes.sorted { $0.width * $0.height < $1.width * $1.height }
    return sorted.isEmpty ? nil : sorted[sorted.count / 2]
  }

  /// `6 train, 3 val`.
  var counts: String {
    Split.allCases.filter { dataset.count(of: $0) > 0 }.map { "\(Formatting.count(dataset.count(of: $0))) \($0.shortName)" }
      .joined(separator: ", ")
  }
}
