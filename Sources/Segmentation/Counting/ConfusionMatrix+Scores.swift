import Tasks

extension ConfusionMatrix {
  /// Pixels of each true class: TP + FN.
  package var pixelsPerClass: [Int64] {
    (0..<classes).map { k in (0..<classes).reduce(0) { $0 + self[truth: k, prediction: $1] } }
  }

  /// Pixels predicted as each class: TP + FP.
  package var predictionsPerClass: [Int64] {
    (0..<classes).map { k in (0..<classes).reduce(0) { $0 + self[truth: $1, prediction: k] } }
  }

  /// Correct pixels of each class: TP.
  package var correctPerClass: [Int64] { (0..<classes).map { self[truth: $0, prediction: $0] } }

  /// Intersection over union of each class, TP / (TP + FP + FN); nil where the union is empty.
  package var intersectionOverUnion: [Double?] {
    scores { correct, truth, predicted in (correct, truth + predicted - correct) }
  }

  /// Accuracy of each class (recall), TP / (TP + FN); nil for a class that does not occur.
  package var classAccuracy: [Double?] {
    scores { correct, truth, _ in (correct, truth) }
  }

  /// Precision of each class, TP / (TP + FP); nil for a class that is never predicted.
  package var classPrecision: [Double?] {
    scores { correct, _, predicted in (correct, predicted) }
  }

  /// Dice coefficient of each class, 2 TP / (2 TP + FP + FN); nil where the union is empty.
  package var dice: [Double?] {
    scores { correct, truth, predicted in (2 * correct, truth + predicted) }
  }

  /// Mean intersection over union over the classes with a union; the others are skipped, not counted as 0.
  package var meanIntersectionOverUnion: ClassMean { ClassMean(intersectionOverUnion) }

  /// Mean of the class accuracies over the classes that occur.
  package var meanAccuracy: ClassMean { ClassMean(classAccuracy) }

  /// Mean of the Dice coefficients over the classes with a union.
  package var meanDice: ClassMean { ClassMean(dice) }

  /// Correct pixels over all counted ones; nil if none was counted.
  package var pixelAccuracy: Double? {
    total > 0 ? Double(correctPerClass.reduce(0, +)) / Double(total) : nil
  }

  private func scores(_ fraction: (Int64, Int64, Int64) -> (Int64, Int64)) -> [Double?] {
    let truth = pixelsPerClass
    let predicted = predictionsPerClass
    return correctPerClass.enumerated().map { k, correct in
      let (numerator, denominator) = fraction(correct, truth[k], predicted[k])
      return denominator > 0 ? Double(numerator) / Double(denominator) : nil
    }
  }
}
