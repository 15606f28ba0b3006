import Datasets
import Images
import Models
import Networks
import Tasks
import Tensors

/// Boxes with classes: the images with their objects, and the detector that finds them.
package struct DetectionTask: Task {
  /// The name in configurations.
  package static let name = "detection"
  /// The kinds of scores, in the order in which they are shown.
  package static var scoreKinds: [ScoreKind] { DetectionScoreKinds.kinds }

  /// The images with their boxes.
  package let images: any DetectionDataset
  /// How the network is trained and predicts.
  package let detector: Detector
  /// Both stages as one model.
  package let graph: Graph?

  /// A task.
  /// - Parameter graph: both stages, where a network is to be made.
  package init(_ images: any DetectionDataset, _ detector: Detector, graph: Graph?) {
    (self.images, self.detector, self.graph) = (images, detector, graph)
  }

  /// `detection`.
  package var name: String { DetectionTask.name }
  /// The images with their boxes.
  package var dataset: any ImageDataset { images }
  /// Boxes.
  package var countUnit: CountUnit { .instances }
  /// Average precision and the others.
  package var scoreKinds: [ScoreKind] { DetectionTask.scoreKinds }
  /// What the first stage says.
  package var ports: Set<Port> { Set(Detector.ports) }
  /// Rows are found in training alone.
  package var measuresObjective: Bool { false }

  /// Rare, common and frequent where the data set says it, as LVIS does; by shares of the boxes elsewhere.
  package var grouping: ClassGrouping {
    guard images.categories.hasFrequencies else { return .shares }
    let order = Category.Frequency.allCases.reversed().map { $0 }
    return .given(
      ClassGroups(
        names: order.map(\.name),
        places: images.categories.categories.map { category in category.frequency.flatMap(order.firstIndex) ?? 0 }))
  }

  /// The same task without some samples.
  package func without(_ samples: [Split: Set<Int>]) -> any Task {
    DetectionTask(SelectedBoxes(images, without: samples), detector, graph: graph)
  }

  /// Boxes.
  package func makeTargets(capacity: Int, size: ImageSize) -> any Targets { DetectionTargets(capacity: capacity) }

  /// The usual variations on a canvas of `data.size`.
  /// - Throws: `LongtailError` without a size.
  package func pipelines(_ usual: InputPipelines) throws -> InputPipelines {
    func input(_ pipeline: any InputPipeline) throws -> any InputPipeline {
      guard let usual = pipeline as? AugmentationPipeline else { return pipeline }
      guard let canvas = usual.resize else {
        throw LongtailError(
          .usage, "detection needs data.size, the canvas that every image is put on",
          advice: "Multiples of 64 are best, such as 256 x 256; 1344 x 1344 is as in torchvision.")
      }
      return DetectionInput(
        usual, canvas: canvas, shorterSide: detector.options.shorterSide, longerSide: detector.options.longerSide)
    }
    return InputPipelines(training: try input(usual.training), evaluation: try input(usual.evaluation))
  }

  /// Gathers detections.
  package func makeTally(_ context: TallyContext) -> any Tally { DetectionTally(context, dataset: images, detector: detector) }

  /// Classes that one of the splits does not show.
  package func remarks(training: LabelStatistics, evaluated: LabelStatistics, split: Split) -> [String] {
    func names(_ condition: (Int) -> Bool) -> String? {
      let found = images.categories.categories.indices.filter(condition).map { images.categories[$0].name }
      guard !found.isEmpty else { return nil }
      return found.prefix(8).joined(separator: ", ") + (found.count > 8 ? " and \(found.count - 8) more" : "")
    }
    let unseen = names { training.pixels[$0] == 0 && evaluated.pixels[$0] > 0 }
    let unjudged = names { training.pixels[$0] > 0 && evaluated.pixels[$0] == 0 }
    return [
      unseen.map { "split '\(split.shortName)' has boxes of classes that training never shows: \($0)" },
      unjudged.map { "split '\(split.shortName)' has no box of \($0): scores say nothing of them" },
    ].compactMap { $0 }
  }
}
