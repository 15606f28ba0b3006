import Foundation
import Images
import Reports
import Tensors

/// A step of a run of 40 steps in 2 epochs, 8 images and half a second each.
func step(_ number: Int) -> StepRecord {
  var record = StepRecord()
  (record.step, record.totalSteps) = (number, 40)
  (record.epoch, record.totalEpochs) = ((number - 1) / 20 + 1, 2)
  (record.samples, record.images, record.validPixels) = (number * 8, 8, 1000)
  record.loss = 1 / Double(number)
  record.learningRate = 1e-3
  record.seconds = 0.5
  return record
}

/// An evaluation with every kind of class: found, missed, absent, wrongly predicted.
func evaluation() -> EvaluationRecord {
  var record = EvaluationRecord()
  (record.step, record.epoch, record.images) = (1350, 30, 101)
  record.classes = [
    ClassRecord(
      name: "sky", group: "head", trainingShare: 0.25, pixels: 1_234_567, predictedPixels: 1_200_000, iou: 0.9012, accuracy: 0.95,
      precision: 0.9456),
    ClassRecord(name: "pole", group: "tail", trainingShare: 0.0102, pixels: 6_000, predictedPixels: 0, iou: 0, accuracy: 0, precision: nil),
    ClassRecord(
      name: "road", group: "head", trainingShare: 0.7, pixels: 2_000_000, predictedPixels: 2_040_567, iou: 1, accuracy: 1,
      precision: 0.98),
    ClassRecord(name: "train", group: "tail", trainingShare: 0, pixels: 0, predictedPixels: 0, iou: nil, accuracy: nil, precision: nil),
    ClassRecord(
      name: "fence", group: "medium", trainingShare: 0.0398, pixels: 0, predictedPixels: 12, iou: 0, accuracy: nil, precision: 0),
  ]
  record.groups = [
    GroupRecord(name: "head", miou: 0.9506, averagedClasses: 2), GroupRecord(name: "medium", miou: 0, averagedClasses: 1),
    GroupRecord(name: "tail", miou: 0, averagedClasses: 1),
  ]
  (record.miou, record.averagedClasses, record.pixelAccuracy, record.meanAccuracy) = (0.4753, 4, 0.9792, 0.65)
  return record
}
