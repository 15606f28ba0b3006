import Tasks

/// The reader of old records: what run directories of version 0.1 do not say of themselves.
///
/// They know one task, and name neither it nor its scores. This is the one place outside that task's room that knows their names.
enum EarlyRecords {
  /// The task of a run whose `classes.json` does not name it.
  static let task = TaskDescription(
    name: "segmentation", unit: "pixels", groups: ClassGroups.namesByShare,
    scores: [
      ScoreKind("miou", title: "mIoU", scopes: [.whole, .groups], rank: .main, meanOf: "iou"),
      ScoreKind("pixelAccuracy", title: "pixel accuracy", scopes: [.whole]),
      ScoreKind("meanAccuracy", title: "mean accuracy", scopes: [.whole], meanOf: "accuracy"),
      ScoreKind("meanDice", title: "mean Dice", scopes: [.whole], rank: .unlisted, meanOf: "dice"),
      ScoreKind("iou", title: "IoU", scopes: [.classes], rank: .main), ScoreKind("accuracy", title: "accuracy", scopes: [.classes]),
      ScoreKind("precision", title: "precision", scopes: [.classes]),
      ScoreKind("dice", title: "Dice", scopes: [.classes], rank: .unlisted),
    ])

  /// The member of `evaluation.json` that holds the score of an image.
  static let imageScore = "miou"
}
