import Configuration
import Datasets
import Images
import Tasks
import Tensors

/// A class for every pixel.
package struct SegmentationTask: Task {
  /// The name in configurations.
  package static let name = "segmentation"

  /// The images with their label maps.
  package let images: any SegmentationDataset
  /// The looks at each image in evaluation and prediction.
  package let views: Configuration.Views
  /// How classes are chosen there.
  package let decision: Configuration.Decision

  /// A task.
  package init(
    _ images: any SegmentationDataset, views: Configuration.Views = Configuration.Views(),
    decision: Configuration.Decision = Configuration.Decision()
  ) {
    (self.images, self.views, self.decision) = (images, views, decision)
  }

  /// The kinds of scores, in the order in which they are shown.
  package static var scoreKinds: [ScoreKind] { SegmentationScores.kinds }

  /// `segmentation`.
  package var name: String { SegmentationTask.name }
  /// The images with their label maps.
  package var dataset: any ImageDataset { images }
  /// Pixels.
  package var countUnit: CountUnit { .pixels }
  /// Mean IoU and the others.
  package var scoreKinds: [ScoreKind] { SegmentationScores.kinds }

  /// The same task without some samples.
  package func without(_ samples: [Split: Set<Int>]) -> any Task {
    SegmentationTask(SelectedSamples(images, without: samples), views: views, decision: decision)
  }

  /// A label for each pixel.
  package func makeTargets(capacity: Int, size: ImageSize) -> any Targets {
    RowLabels(capacity: capacity, rowsPerImage: size.width * size.height)
  }

  /// With several views of each image, or a window that slides over it.
  package func judgesSingleImages(ofSize size: ImageSize?) -> Bool {
    !(views.isPlain || size.map(views.isPlain(forImagesOf:)) ?? false)
  }

  /// Counts pixels.
  package func makeTally(_ context: TallyContext) -> any Tally {
    SegmentationTally(context, dataset: images, views: views, decision: decision)
  }

  /// Measures the likelihood of the labels at several temperatures.
  package func makeTemperatureTally(_ context: TallyContext) -> (any Tally)? { TemperatureTally(context, dataset: images) }

  /// There have to be two classes to tell apart.
  package func requireTrainable(_ statistics: LabelStatistics) throws { try statistics.requireSeveralClasses(of: images) }

  /// There has to be a labelled pixel.
  package func requireJudgeable(_ statistics: LabelStatistics, split: Split) throws {
    try statistics.requireLabelledPixels(of: images, split: split)
  }

  /// Classes that one of the splits does not show.
  package func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String] {
    training.classesMissing(in: evaluated, split: split, of: images)
  }
}
