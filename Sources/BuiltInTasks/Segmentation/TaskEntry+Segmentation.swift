import Configuration
import Datasets
import Images
import Segmentation
import Tasks
import Tensors
import Training

extension TaskEntry {
  /// A class for every pixel.
  static let segmentation = TaskEntry(
    name: SegmentationTask.name, summary: "a class for every pixel", scoreKinds: SegmentationTask.scoreKinds,
    datasets: { DatasetRegistry.description },
    check: { configuration in
      try configuration.requireKeys(ofTask: SegmentationTask.name)
      try DatasetRegistry.check(name: configuration.data.name, settings: configuration.data.registrySettings)
    },
    make: { configuration in
      try configuration.requireKeys(ofTask: SegmentationTask.name)
      var images = try DatasetRegistry.make(
        name: configuration.data.name, settings: configuration.data.registrySettings, range: configuration.data.sampleRange)
      if let rule = configuration.data.split { images = try DividedSamples.dividing(images, by: rule, configuration.data) }
      return SegmentationTask(images, views: configuration.evaluation.views, decision: configuration.evaluation.decision)
    },
    recorded: { SegmentationTask(RecordedClasses(classes: $1), views: $0.evaluation.views, decision: $0.evaluation.decision) })
}

/// The classes of a data set that need not be there, without images.
private struct RecordedClasses: SegmentationDataset {
  let name = "recorded"
  let classes: [ClassInfo]
  let labelMap = LabelMap()

  func count(of split: Split) -> Int { 0 }
  func identifier(split: Split, index: Int) -> String { "\(index)" }
  func labelSource(split: Split, index: Int) -> String { "\(index)" }
  func fileLabels(split: Split, index: Int) throws -> LabelImage { throw noImages }
  func sample(split: Split, index: Int) throws -> Sample { throw noImages }
  func imageSize(split: Split, index: Int) throws -> ImageSize { throw noImages }
  func fingerprint(of split: Split) throws -> [String] { [] }

  private var noImages: LongtailError { LongtailError(.missingInput, "a checkpoint holds the names of classes, but no images") }
}
