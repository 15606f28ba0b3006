import Configuration
import Datasets
import Images
import Networks
import Tasks
import Tensors

/// A class for every image.
package struct RecognitionTask: Task {
  /// The name in configurations.
  package static let name = "recognition"

  /// The images with their classes.
  package let images: RecognitionDataset
  /// What the configuration says about images.
  package let configuration: Configuration

  /// A task.
  /// - Parameter configuration: of its `data`, `evaluation` and `seed` what is about images counts.
  package init(_ images: LabelledImages, _ configuration: Configuration) {
    self.images = RecognitionDataset(images, range: RecognitionTask.range(configuration.data))
    self.configuration = configuration
  }

  /// `data.range`, as decoders take it.
  private static func range(_ data: Configuration.DataSet) -> SampleRange? {
    guard let range = data.range, range.count == 2 else { return nil }
    return SampleRange(low: range[0], high: range[1])
  }

  /// The kinds of scores, in the order in which they are shown.
  package static var scoreKinds: [ScoreKind] { RecognitionScores.kinds }

  /// `recognition`.
  package var name: String { RecognitionTask.name }
  /// The images with their classes.
  package var dataset: any ImageDataset { images }
  /// Images.
  package var countUnit: CountUnit { .images }
  /// Accuracy and the others.
  package var scoreKinds: [ScoreKind] { RecognitionScores.kinds }
  /// It does.
  package var readsAugmentation: Bool { true }
  /// Many above 100, few below 20.
  package var grouping: ClassGrouping { .published }

  /// The same task without some samples.
  package func without(_ samples: [Split: Set<Int>]) -> any Task {
    let left = samples.reduce(images.images) { images, entry in
      guard let part = images.parts[entry.key] else { return images }
      return images.replacing(entry.key, with: part.selecting((0..<part.count).filter { !entry.value.contains($0) }))
    }
    return RecognitionTask(left, configuration)
  }

  /// A label for each image.
  package func makeTargets(capacity: Int, size: ImageSize) -> any Targets { RowLabels(capacity: capacity, rowsPerImage: 1) }

  /// Counts images.
  package func makeTally(_ context: TallyContext) -> any Tally { SplitTally(context, images: images.images) }

  /// There have to be two classes to tell apart.
  package func requireTrainable(_ statistics: LabelStatistics) throws {
    try requireJudgeable(statistics, split: .train)
    let present = statistics.pixels.indices.filter { statistics.pixels[$0] > 0 }
    guard present.count < 2, let only = present.first else { return }
    throw LongtailError(
      .badData,
      "data set \(images.name): all training images are of class '\(images.images.classes[only])': there is nothing to tell apart",
      advice: "Check the classes of the training images.")
  }

  /// Classes that one of the splits does not show.
  package func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String] {
    func missing(_ statistics: LabelStatistics, butIn other: LabelStatistics) -> [String] {
      statistics.pixels.indices.filter { statistics.pixels[$0] == 0 && other.pixels[$0] > 0 }.map { images.images.classes[$0] }
    }
    func sentence(_ names: [String], _ text: String) -> [String] {
      guard let first = names.first else { return [] }
      return ["\(names.count == 1 ? "class" : "\(names.count) classes, such as") '\(first)': \(text)"]
    }
    return images.images.remarks
      + sentence(missing(training, butIn: evaluated), "no training image, so that none in \(split.shortName) can be found")
      + sentence(missing(evaluated, butIn: training), "no image in \(split.shortName), so that it is in no mean")
  }
}
