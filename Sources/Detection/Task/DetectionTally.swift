import Datasets
import Images
import Tasks
import Tensors

/// The detections of a split, judged when those of all ranks are there.
///
/// Each rank predicts its share of the images; the lists are gathered, and put in an order that does not depend on who found what.
/// Cost: 28 bytes a detection over the ranks; every rank then judges by itself, and comes to the same.
package struct DetectionTally: Tally {
  private let context: TallyContext
  private let dataset: any DetectionDataset
  private let inference: DetectorInference
  /// What was found so far, or, once they are together, everything.
  package private(set) var found: [FoundObject] = []

  /// Nothing found yet.
  init(_ context: TallyContext, dataset: any DetectionDataset, detector: Detector) {
    (self.context, self.dataset) = (context, dataset)
    inference = DetectorInference(detector)
  }

  /// Predicts the images of a batch.
  package mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    guard let targets = batch.targets as? DetectionTargets else {
      throw LongtailError(.internalError, "a detector is judged by \(type(of: batch.targets))")
    }
    let input = ImageSize(width: batch.width, height: batch.height)
    for image in 0..<batch.imageCount {
      let place = targets.images[image]
      for prediction in try inference.predictions(outputs, image: image, input: input, size: place.size) {
        found.append(
          FoundObject(
            image: Int32(batch.sampleIndices[image]), label: Int32(prediction.label), score: prediction.score,
            box: place.geometry.invert(prediction.box)))
      }
    }
  }

  /// Gathers the lists of all ranks.
  package mutating func reduce(over group: any TallyGroup) throws {
    found = try group.gather(FoundObject.bytes(found)).flatMap(FoundObject.list)
    found.sort(by: FoundObject.precedes)
  }

  /// The scores, and what explains them.
  package func evaluation() throws -> Evaluation {
    try DetectionEvaluation(found, of: dataset.annotations(of: context.split), groups: context.groups).evaluation
  }
}
