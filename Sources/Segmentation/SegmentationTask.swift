import Configuration
import Datasets
import Images
import Tasks
import Tensors

/// A class for every pixel.
public struct SegmentationTask: Task {
  /// The name in configurations.
  public static let name = "segmentation"

  /// The images with their label maps.
  public let images: any SegmentationDataset
  /// The looks at each image in evaluation and prediction.
  public let views: Configuration.Views
  /// How classes are chosen there.
  public let decision: Configuration.Decision

  /// A task.
  public init(
    _ images: any SegmentationDataset, views: Configuration.Views = Configuration.Views(),
    decision: Configuration.Decision = Configuration.Decision()
  ) {
    (self.images, self.views, self.decision) = (images, views, decision)
  }

  /// The kinds of scores, in the order in which they are shown.
  public static var scoreKinds: [ScoreKind] { SegmentationScores.kinds }

  /// `segmentation`.
  public var name: String { SegmentationTask.name }
  /// The images with their label maps.
  public var dataset: any ImageDataset { images }
  /// Pixels.
  public var countUnit: CountUnit { .pixels }
  /// Mean IoU and the others.
  public var scoreKinds: [ScoreKind] { SegmentationScores.kinds }

  /// The same task without some samples.
  public func without(_ samples: [Split: Set<Int>]) -> any Task {
    SegmentationTask(SelectedSamples(images, without: samples), views: views, decision: decision)
  }

  /// A label for each pixel.
  public func makeTargets(capacity: Int, size: ImageSize) -> any Targets {
    RowLabels(capacity: capacity, rowsPerImage: size.width * size.height)
  }

  /// With several views of each image, or a window that slides over it.
  public func judgesSingleImages(ofSize size: ImageSize?) -> Bool {
    !(views.isPlain || size.map(views.isPlain(forImagesOf:)) ?? false)
  }

  /// Counts pixels.
  public func makeTally(_ context: TallyContext) -> any Tally {
    SegmentationTally(context, dataset: images, views: views, decision: decision)
  }

  /// Measures the likelihood of the labels at several temperatures.
  public func makeTemperatureTally(_ context: TallyContext) -> (any Tally)? { TemperatureTally(context, dataset: images) }

  /// There have to be two classes to tell apart.
  public func requireTrainable(_ statistics: LabelStatistics) throws { try statistics.requireSeveralClasses(of: images) }

  /// There has to be a labelled pixel.
  public func requireJudgeable(_ statistics: LabelStatistics, split: Split) throws {
    try statistics.requireLabelledPixels(of: images, split: split)
  }

  /// Classes that one of the splits does not show.
  public func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String] {
    training.classesMissing(in: evaluated, split: split, of: images)
  }
}
