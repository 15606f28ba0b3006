import Tasks

/// The scores of segmentation, and their names.
///
/// `miou`, `miou.head`, `miou.medium`, `miou.tail`, `pixelAccuracy`, `meanAccuracy`, `meanDice`; of each class `iou.NAME`, `accuracy.NAME`,
/// `precision.NAME`, `dice.NAME`.
enum SegmentationScores {
  /// Mean intersection over union of all classes, or of a group.
  static let meanIntersectionOverUnion = ScoreKind("miou", title: "mIoU", scopes: [.whole, .groups], rank: .main, meanOf: "iou")
  /// Correct pixels over all.
  static let pixelAccuracy = ScoreKind("pixelAccuracy", title: "pixel accuracy", scopes: [.whole])
  /// Mean of the class accuracies.
  static let meanAccuracy = ScoreKind("meanAccuracy", title: "mean accuracy", scopes: [.whole], meanOf: "accuracy")
  /// Mean Dice coefficient of all classes.
  static let meanDice = ScoreKind("meanDice", title: "mean Dice", scopes: [.whole], rank: .unlisted, meanOf: "dice")
  /// Intersection over union of a class.
  static let intersectionOverUnion = ScoreKind("iou", title: "IoU", scopes: [.classes], rank: .main)
  /// Accuracy (recall) of a class.
  static let accuracy = ScoreKind("accuracy", title: "accuracy", scopes: [.classes])
  /// Precision of a class.
  static let precision = ScoreKind("precision", title: "precision", scopes: [.classes])
  /// Dice coefficient of a class.
  static let dice = ScoreKind("dice", title: "Dice", scopes: [.classes], rank: .unlisted)

  /// All of them, in the order in which they are shown.
  static let kinds = [
    meanIntersectionOverUnion, pixelAccuracy, meanAccuracy, meanDice, intersectionOverUnion, accuracy, precision, dice,
  ]

  /// What the code published with PAT reports, to compare with its numbers alone; no configuration can name it.
  static let published = ScoreKind("miou.ibla", title: "ibla's own mIoU", scopes: [.whole], rank: .unlisted)
}

extension ConfusionMatrix {
  /// The scores of a split.
  /// - Parameters:
  ///   - groups: the classes' groups.
  ///   - classNames: the classes' names, as many as the matrix has classes.
  package func scores(groups: ClassGroups, classNames: [String]) -> [Score] {
    typealias Kinds = SegmentationScores
    let (overlaps, accuracies, dices) = (intersectionOverUnion, classAccuracy, dice)
    var scores = [Score(Kinds.meanIntersectionOverUnion, meanIntersectionOverUnion.value)]
    scores += groups.names.map {
      Score(Kinds.meanIntersectionOverUnion, of: .group($0), groups.mean(of: overlaps, group: $0).value)
    }
    scores += [
      Score(Kinds.pixelAccuracy, pixelAccuracy), Score(Kinds.meanAccuracy, meanAccuracy.value), Score(Kinds.meanDice, meanDice.value),
    ]
    for (kind, values) in [
      (Kinds.intersectionOverUnion, overlaps), (Kinds.accuracy, accuracies), (Kinds.precision, classPrecision), (Kinds.dice, dices),
    ] {
      scores += zip(classNames, values).map { Score(kind, of: .class($0), $1) }
    }
    return scores
  }

  /// What was taken for what.
  package var confusions: ConfusionCounts {
    let pairs = counts.indices.filter { counts[$0] > 0 }
    return ConfusionCounts(
      classes: classes,
      entries: pairs.map { ConfusionCounts.Entry(truth: $0 / classes, prediction: $0 % classes, count: counts[$0]) })
  }
}
