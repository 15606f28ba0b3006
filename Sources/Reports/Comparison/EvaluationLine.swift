import Metrics

/// A line of `classes.jsonl`, as it is read back.
struct EvaluationLine: Decodable {
  struct Class: Decodable {
    var name: String
    var group: String
    var pixels: Int
    var predictedPixels: Int
    var iou: Double?
    var accuracy: Double?
    var precision: Double?
    var gradientShare: Double?
    var takenFor: [String: Int]?
  }
  struct Times: Decodable { var evaluation: Double }

  var step: Int
  var epoch: Int
  var images: Int
  var resolution: String
  var miou: Double?
  var averagedClasses: Int
  var groups: [String: Double?]
  var pixelAccuracy: Double?
  var meanAccuracy: Double?
  var classes: [Class]
  var time: Times

  /// The evaluation.
  /// - Parameter shares: of the labelled training pixels, by class; those that are missing stay unknown.
  func record(shares: [Double?]) -> EvaluationRecord {
    var record = EvaluationRecord()
    (record.step, record.epoch, record.images, record.resolution) = (step, epoch, images, resolution)
    record.classes = classes.enumerated().map { k, line in
      ClassRecord(
        name: line.name, group: line.group, trainingShare: k < shares.count ? shares[k] : nil, pixels: line.pixels,
        predictedPixels: line.predictedPixels, iou: line.iou, accuracy: line.accuracy, precision: line.precision,
        gradientShare: line.gradientShare,
        takenFor: (line.takenFor ?? [:]).map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
          .map { TailDiagnosis.Confusion($0.0, $0.1) })
    }
    record.groups = ["head", "medium", "tail"].compactMap { name in
      groups[name].map { value in
        GroupRecord(name: name, miou: value, averagedClasses: classes.filter { $0.group == name && $0.iou != nil }.count)
      }
    }
    (record.miou, record.averagedClasses) = (miou, averagedClasses)
    (record.pixelAccuracy, record.meanAccuracy, record.seconds) = (pixelAccuracy, meanAccuracy, time.evaluation)
    return record
  }
}
