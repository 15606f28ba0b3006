import Foundation
import Images
import Reports
import Segmentation
import Tasks
import Tensors

/// A step of a run of 40 steps in 2 epochs, 8 images and half a second each.
func step(_ number: Int) -> StepRecord {
  var record = StepRecord()
  (record.step, record.totalSteps) = (number, 40)
  (record.epoch, record.totalEpochs) = ((number - 1) / 20 + 1, 2)
  (record.samples, record.images, record.validRows) = (number * 8, 8, 1000)
  record.loss = 1 / Double(number)
  record.learningRate = 1e-3
  record.seconds = 0.5
  return record
}

/// Segmentation, as its runs describe it.
let segmentation = TaskDescription(
  name: SegmentationTask.name, unit: "pixels", groups: ClassGroups.namesByShare, scores: SegmentationTask.scoreKinds)

/// A class of a segmentation.
func classRecord(
  _ name: String, _ group: String, share: Double? = nil, pixels: Int, predicted: Int, iou: Double?, accuracy: Double?,
  precision: Double?, gradientShare: Double? = nil, takenFor: [ClassRecord.Confusion] = []
) -> ClassRecord {
  ClassRecord(
    name: name, group: group, trainingShare: share, count: pixels, predictedCount: predicted,
    scores: [("iou", iou), ("accuracy", accuracy), ("precision", precision)], gradientShare: gradientShare, takenFor: takenFor)
}

extension EvaluationRecord {
  /// Sets the scores of a segmentation.
  mutating func setScores(
    miou: Double?, groups: KeyValuePairs<String, Double?> = [:], pixelAccuracy: Double? = nil, meanAccuracy: Double? = nil
  ) {
    let kinds = Dictionary(uniqueKeysWithValues: task.scores.map { ($0.name, $0) })
    guard let main = kinds["miou"], let pixels = kinds["pixelAccuracy"], let mean = kinds["meanAccuracy"] else { return }
    scores =
      [Score(main, miou)] + groups.map { Score(main, of: .group($0.key), $0.value) } + [
        Score(pixels, pixelAccuracy), Score(mean, meanAccuracy),
      ]
  }
}

/// An evaluation with every kind of class: found, missed, absent, wrongly predicted.
func evaluation() -> EvaluationRecord {
  var record = EvaluationRecord(segmentation)
  (record.step, record.epoch, record.images) = (1350, 30, 101)
  record.classes = [
    classRecord(
      "sky", "head", share: 0.25, pixels: 1_234_567, predicted: 1_200_000, iou: 0.9012, accuracy: 0.95, precision: 0.9456),
    classRecord("pole", "tail", share: 0.0102, pixels: 6_000, predicted: 0, iou: 0, accuracy: 0, precision: nil),
    classRecord("road", "head", share: 0.7, pixels: 2_000_000, predicted: 2_040_567, iou: 1, accuracy: 1, precision: 0.98),
    classRecord("train", "tail", share: 0, pixels: 0, predicted: 0, iou: nil, accuracy: nil, precision: nil),
    classRecord("fence", "medium", share: 0.0398, pixels: 0, predicted: 12, iou: 0, accuracy: nil, precision: 0),
  ]
  record.averagedClasses = 4
  record.setScores(miou: 0.4753, groups: ["head": 0.9506, "medium": 0, "tail": 0], pixelAccuracy: 0.9792, meanAccuracy: 0.65)
  return record
}
