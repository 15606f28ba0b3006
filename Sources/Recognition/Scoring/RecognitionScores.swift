import Tensors

/// The scores of a split, from its tally. Values without an image to count are nil, never 0.
package struct RecognitionScores: Sendable, Equatable {
  /// A class and how well it is found.
  package struct ClassScore: Sendable, Equatable {
    /// Its number.
    package var label: Int
    /// Its images in the split.
    package var images: Int
    /// Share of its images that are found; nil without an image.
    package var accuracy: Double?
    /// Share of right ones among the images that are taken for it; nil where there are none.
    package var precision: Double?
    /// Twice the right ones, over its images and those taken for it; nil where there are neither.
    package var f1: Double?
  }

  /// Images of one class that were taken for another.
  package struct Confusion: Sendable, Equatable {
    /// The class that they are of.
    package var truth: Int
    /// The class that they were taken for.
    package var prediction: Int
    /// How many.
    package var images: Int
    /// Their share of all images of the class.
    package var share: Double
  }

  /// Images of similar confidence: one bar of the calibration plot.
  package struct CalibrationBin: Sendable, Equatable {
    /// The confidences that it holds, the lower end excluded.
    package var range: ClosedRange<Double>
    /// How many images.
    package var images: Int
    /// The mean of their confidences; nil without an image.
    package var confidence: Double?
    /// The share of right ones; nil without an image.
    package var accuracy: Double?
  }

  /// All images.
  package let images: Int
  /// Share of images that are predicted right.
  package let accuracy: Double?
  /// Share of images whose class is among the five likeliest.
  package let topFive: Double?
  /// Mean of the classes' accuracies.
  package let balancedAccuracy: Double?
  /// Mean of the classes' F1.
  package let macroF1: Double?
  /// Each class.
  package let classes: [ClassScore]
  /// Means of the classes' accuracies by training images; groups without a class that has an image are not there.
  package let groups: [ClassFrequencyGroups.Group: Double]
  /// The expected calibration error: the mean over images of how far the confidence of a bin lies from its accuracy.
  package let calibrationError: Double?
  /// The bins.
  package let calibration: [CalibrationBin]
  /// Images whose logits are not numbers.
  package let undefined: Int

  private let tally: RecognitionTally

  /// Computes all scores.
  /// - Parameters:
  ///   - tally: summed over all ranks.
  ///   - frequencies: the classes' groups; without them there are no group scores.
  package init(_ tally: RecognitionTally, frequencies: ClassFrequencyGroups? = nil) {
    self.tally = tally
    let total = tally.images.reduce(0, +)
    images = Int(total)
    undefined = Int(tally.undefined)
    accuracy = RecognitionScores.share(tally.correct.reduce(0, +), total)
    topFive = RecognitionScores.share(tally.foundWithin.reduce(0, +), total)
    classes = (0..<tally.classCount).map { label in
      ClassScore(
        label: label, images: Int(tally.images[label]), accuracy: RecognitionScores.share(tally.correct[label], tally.images[label]),
        precision: RecognitionScores.share(tally.correct[label], tally.predicted[label]),
        f1: RecognitionScores.share(2 * tally.correct[label], tally.images[label] + tally.predicted[label]))
    }
    let accuracies = classes.map(\.accuracy)
    balancedAccuracy = RecognitionScores.mean(accuracies)
    macroF1 = RecognitionScores.mean(classes.map(\.f1))
    groups = ClassFrequencyGroups.Group.allCases.reduce(into: [:]) { $0[$1] = frequencies?.mean(of: accuracies, over: $1) }
    let bins = RecognitionTally.binCount
    calibration = (0..<bins).map { bin in
      let count = tally.binImages[bin]
      let confidence = count == 0 ? nil : Double(tally.binConfidence[bin]) / RecognitionTally.confidenceUnit / Double(count)
      return CalibrationBin(
        range: Double(bin) / Double(bins)...Double(bin + 1) / Double(bins), images: Int(count), confidence: confidence,
        accuracy: RecognitionScores.share(tally.binCorrect[bin], count))
    }
    let counted = tally.binImages.reduce(0, +)
    let apart = (0..<bins).reduce(0.0) { sum, bin in
      sum + abs(Double(tally.binConfidence[bin]) / RecognitionTally.confidenceUnit - Double(tally.binCorrect[bin]))
    }
    calibrationError = counted == 0 ? nil : apart / Double(counted)
  }

  /// The pairs of classes that are confused most: by the number of images, then by their share, then by their numbers.
  package func confusions(_ count: Int) -> [Confusion] {
    let found = tally.confusions.map { pair, images in
      let truth = pair / tally.classCount
      return Confusion(
        truth: truth, prediction: pair % tally.classCount, images: Int(images),
        share: Double(images) / Double(max(1, tally.images[truth])))
    }
    return Array(
      found.sorted { a, b in
        a.images != b.images
          ? a.images > b.images : a.share != b.share ? a.share > b.share : (a.truth, a.prediction) < (b.truth, b.prediction)
      }.prefix(count))
  }

  private static func share(_ part: Int64, _ whole: Int64) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

  /// The mean of the values that there are; nil where there are none.
  static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap(\.self)
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}
