import Tensors

/// What evaluation may be judged by, as a configuration names it.
///
/// `miou`, `miou.head`, `miou.medium`, `miou.tail`, `iou.NAME`, `accuracy.NAME`, `dice.NAME`, `meanDice`, `pixelAccuracy`, `meanAccuracy`, `loss`.
public enum MetricName: Sendable, Hashable {
  /// Mean intersection over union of all classes.
  case meanIntersectionOverUnion
  /// Mean intersection over union of a group of classes.
  case groupMean(ClassGroups.Group)
  /// Intersection over union of one class.
  case intersectionOverUnion(class: Int, name: String)
  /// Accuracy (recall) of one class.
  case classAccuracy(class: Int, name: String)
  /// Dice coefficient of one class.
  case dice(class: Int, name: String)
  /// Mean Dice coefficient of all classes.
  case meanDice
  /// Correct pixels over all.
  case pixelAccuracy
  /// Mean of the class accuracies.
  case meanAccuracy
  /// The loss on the evaluated split.
  case loss

  /// Finds the metric of a name; upper and lower case count.
  /// - Parameters:
  ///   - text: the name.
  ///   - classNames: the data set's classes, in order.
  /// - Throws: `LongtailError` that names the nearest known metric.
  public init(_ text: String, classNames: [String]) throws {
    let known = MetricName.all(classNames: classNames)
    guard let metric = known.first(where: { $0.description == text }) else {
      throw LongtailError(.usage, "there is no metric '\(text)'", advice: nearestHint(text, among: known.map(\.description)))
    }
    self = metric
  }

  /// Every metric for a data set.
  public static func all(classNames: [String]) -> [MetricName] {
    [.meanIntersectionOverUnion] + ClassGroups.Group.allCases.map(MetricName.groupMean)
      + [.pixelAccuracy, .meanAccuracy, .meanDice, .loss]
      + classNames.enumerated().map { .intersectionOverUnion(class: $0.offset, name: $0.element) }
      + classNames.enumerated().map { .classAccuracy(class: $0.offset, name: $0.element) }
      + classNames.enumerated().map { .dice(class: $0.offset, name: $0.element) }
  }

  /// Whether a larger value is better: all but the loss.
  public var largerIsBetter: Bool { self != .loss }

  /// Whether `candidate` is better than `best`; an undefined or non-finite candidate never is, and anything is better than none.
  public func isBetter(_ candidate: Double?, than best: Double?) -> Bool {
    guard let candidate, candidate.isFinite else { return false }
    guard let best, best.isFinite else { return true }
    return largerIsBetter ? candidate > best : candidate < best
  }

  /// The value; nil where it is undefined, as for a class that does not occur.
  /// - Parameters:
  ///   - matrix: counts over the whole split.
  ///   - groups: the classes' groups.
  ///   - loss: the split's loss, if it was computed.
  public func value(of matrix: ConfusionMatrix, groups: ClassGroups?, loss: Double?) -> Double? {
    switch self {
    case .meanIntersectionOverUnion: matrix.meanIntersectionOverUnion.value
    case .groupMean(let group): groups?.mean(of: matrix.intersectionOverUnion, group: group).value
    case .intersectionOverUnion(let k, _): MetricName.element(k, matrix.intersectionOverUnion)
    case .classAccuracy(let k, _): MetricName.element(k, matrix.classAccuracy)
    case .dice(let k, _): MetricName.element(k, matrix.dice)
    case .meanDice: matrix.meanDice.value
    case .pixelAccuracy: matrix.pixelAccuracy
    case .meanAccuracy: matrix.meanAccuracy.value
    case .loss: loss
    }
  }

  private static func element(_ index: Int, _ scores: [Double?]) -> Double? {
    scores.indices.contains(index) ? scores[index] : nil
  }
}

extension MetricName: CustomStringConvertible {
  /// The name, as `init(_:classNames:)` reads it.
  public var description: String {
    switch self {
    case .meanIntersectionOverUnion: "miou"
    case .groupMean(let group): "miou.\(group.rawValue)"
    case .intersectionOverUnion(_, let name): "iou.\(name)"
    case .classAccuracy(_, let name): "accuracy.\(name)"
    case .dice(_, let name): "dice.\(name)"
    case .meanDice: "meanDice"
    case .pixelAccuracy: "pixelAccuracy"
    case .meanAccuracy: "meanAccuracy"
    case .loss: "loss"
    }
  }
}
