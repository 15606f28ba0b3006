import Foundation
import Tasks

extension RecognitionScores {
  /// Right images; of groups the mean over their classes.
  static let accuracyKind = ScoreKind("accuracy", title: "accuracy", scopes: [.whole, .groups, .classes], rank: .main)
  /// Images whose class is among the five likeliest.
  static let topFiveKind = ScoreKind("accuracy.top5", title: "top-5 accuracy", scopes: [.whole])
  /// The mean of the classes' accuracies.
  static let balancedKind = ScoreKind("balancedAccuracy", title: "balanced accuracy", scopes: [.whole], meanOf: "accuracy")
  /// The mean of the classes' F1.
  static let macroF1Kind = ScoreKind("macroF1", title: "macro F1", scopes: [.whole], meanOf: "f1")
  /// The third of the classes with the most training images.
  static let upperThirdKind = ScoreKind("accuracy.upperThird", title: "accuracy of the upper third", scopes: [.whole])
  /// The third of the classes with the fewest training images.
  static let lowerThirdKind = ScoreKind("accuracy.lowerThird", title: "accuracy of the lower third", scopes: [.whole])
  /// How far confidence lies from accuracy.
  static let calibrationKind = ScoreKind("calibrationError", title: "calibration error", direction: .smaller, scopes: [.whole])
  /// Right ones among the images that are taken for a class.
  static let precisionKind = ScoreKind("precision", title: "precision", scopes: [.classes])
  /// The harmonic mean of a class's accuracy and precision.
  static let f1Kind = ScoreKind("f1", title: "F1", scopes: [.classes])

  /// The kinds, in the order in which they are shown.
  package static let kinds = [
    accuracyKind, topFiveKind, balancedKind, macroF1Kind, upperThirdKind, lowerThirdKind, calibrationKind, precisionKind, f1Kind,
  ]

  /// The scores with their names: of the whole split, of the groups, of the classes.
  /// - Parameters:
  ///   - groups: many, medium and few.
  ///   - classNames: names of all classes.
  package func scores(groups: ClassGroups, classNames: [String]) -> [Score] {
    let accuracies = classes.map(\.accuracy)
    return [
      Score(Self.accuracyKind, accuracy), Score(Self.topFiveKind, topFive), Score(Self.balancedKind, balancedAccuracy),
      Score(Self.macroF1Kind, macroF1), Score(Self.upperThirdKind, self.groups[.upperThird]),
      Score(Self.lowerThirdKind, self.groups[.lowerThird]), Score(Self.calibrationKind, calibrationError),
    ] + groups.names.map { Score(Self.accuracyKind, of: .group($0), groups.mean(of: accuracies, group: $0).value) }
      + zip(classNames, classes).map { Score(Self.accuracyKind, of: .class($0), $1.accuracy) }
      + zip(classNames, classes).map { Score(Self.precisionKind, of: .class($0), $1.precision) }
      + zip(classNames, classes).map { Score(Self.f1Kind, of: .class($0), $1.f1) }
  }

  /// Confidence against accuracy, bin by bin: on the diagonal a network is right as often as it is sure.
  package var calibrationFigure: Figure {
    let points = calibration.compactMap { bin in bin.confidence.flatMap { across in bin.accuracy.map { Figure.Point(across, $0) } } }
    let error = calibrationError.map { "The expected calibration error is \(RecognitionScores.percent($0)) %." } ?? "There are no images."
    return Figure(
      title: "Calibration",
      text:
        "Images in \(RecognitionTally.binCount) bins by the probability of their prediction: how sure the network is, and how often it is "
        + "right. Below the diagonal it is too sure. \(error)",
      across: "confidence", up: "accuracy",
      curves: [
        .init(name: "this network", points: points), .init(name: "perfectly calibrated", points: [.init(0, 0), .init(1, 1)]),
      ])
  }

  /// Points of `frequencyFigure` at most.
  static let frequencyPoints = 20

  /// Accuracy against the number of training images: each class, or of many classes each the mean of neighbours; nil where fewer than two classes
  /// have both.
  /// - Parameter counts: training images of each class.
  package func frequencyFigure(counts: [Int]) -> Figure? {
    let found = classes.compactMap { entry in
      entry.accuracy.flatMap { accuracy in counts[entry.label] > 0 ? (count: counts[entry.label], accuracy: accuracy) : nil }
    }.enumerated().sorted { ($0.element.count, $0.offset) < ($1.element.count, $1.offset) }.map(\.element)
    guard found.count > 1 else { return nil }
    let parts = min(found.count, Self.frequencyPoints)
    var sums: [(x: Double, y: Double, classes: Double)] = []
    for part in 0..<parts {
      var own = (x: 0.0, y: 0.0, classes: 0.0)
      for entry in found[part * found.count / parts..<(part + 1) * found.count / parts] {
        own = (own.x + log10(Double(entry.count)), own.y + entry.accuracy, own.classes + 1)
      }
      // Neighbours with as many images are one point: which of them comes first means nothing.
      if let last = sums.last, abs(last.x / last.classes - own.x / own.classes) < 1e-9 {
        sums[sums.count - 1] = (last.x + own.x, last.y + own.y, last.classes + own.classes)
      } else {
        sums.append(own)
      }
    }
    let points = sums.map { Figure.Point($0.x / $0.classes, $0.y / $0.classes) }
    let each =
      points.count == found.count
      ? "Each point is a class" : "Each point is the mean of classes with about as many images, \(found.count / parts) or more"
    return Figure(
      title: "Accuracy against training images",
      text: "\(each), the rarest on the left. Without a long tail's harm the line is level; where it rises, rare classes lose.",
      across: "training images, decimal logarithm", up: "accuracy", curves: [.init(name: "classes", points: points)])
  }

  /// Two decimals.
  private static func percent(_ share: Double) -> String {
    let hundredths = Int((share * 1e4).rounded())
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
  }
}
