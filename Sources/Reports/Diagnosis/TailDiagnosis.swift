/// Why classes are found badly, and what to try: rules of thumb over numbers that every run writes down anyway.
///
/// A finding is a likely cause, not a proven one. Causes of a class come in the order in which they should be looked at: what is wrong with
/// the data first, what training does with it next, what the predictions look like last.
package struct TailDiagnosis: Sendable {
  /// Below this IoU, recall or precision a class is looked at.
  package static let weakScore = 0.25
  /// Below this share of the labelled training pixels a class is rare, whatever its group.
  package static let rareShare = 0.001
  /// A class whose share of the gradient is below this part of an equal share is starved.
  package static let starvedPart = 0.1
  /// Fewer training images than this show too little of a class.
  package static let fewImages = 10
  /// A class whose gradient the objective multiplies by less than this is held back.
  package static let heldBackScale = 0.75

  /// What is known of a class. What is nil is not judged.
  package struct ClassFacts: Sendable, Equatable {
    /// The class.
    package var name: String
    /// Its share of the labelled training pixels, from 0 to 1.
    package var trainingShare: Double?
    /// Training images that show it.
    package var trainingImages: Int?
    /// The side, in pixels of the network's input, of a square as large as all its pixels in a training image that shows it, on average.
    package var extent: Double?
    /// Its share of the squared gradient norm at the logits, from 0 to 1.
    package var gradientShare: Double?
    /// Labelled pixels in the evaluated images.
    package var pixels: Int
    /// Pixels that were taken for it.
    package var predictedPixels: Int
    /// Correct pixels.
    package var correctPixels: Int
    /// The class that its pixels are taken for most often, when not for itself, and how many.
    package var takenFor: Confusion?
    /// What the objective multiplied its gradient by, on average, in the steps before the evaluation.
    package var scale: Double?
    /// The mean probability that its evaluated pixels give to it, from 0 to 1.
    package var ownProbability: Double?

    /// Creates the facts of a class.
    package init(
      name: String, trainingShare: Double? = nil, trainingImages: Int? = nil, extent: Double? = nil, gradientShare: Double? = nil,
      pixels: Int, predictedPixels: Int, correctPixels: Int, takenFor: Confusion? = nil, scale: Double? = nil,
      ownProbability: Double? = nil
    ) {
      (self.name, self.trainingShare, self.trainingImages, self.extent) = (name, trainingShare, trainingImages, extent)
      (self.gradientShare, self.pixels, self.predictedPixels) = (gradientShare, pixels, predictedPixels)
      (self.correctPixels, self.takenFor) = (correctPixels, takenFor)
      (self.scale, self.ownProbability) = (scale, ownProbability)
    }

    /// Correct ones of its pixels; nil when it does not occur.
    package var recall: Double? { pixels > 0 ? Double(correctPixels) / Double(pixels) : nil }
    /// Correct ones of what was taken for it; nil when nothing was.
    package var precision: Double? { predictedPixels > 0 ? Double(correctPixels) / Double(predictedPixels) : nil }
    /// Intersection over union; nil when it neither occurs nor is predicted.
    package var intersectionOverUnion: Double? {
      let union = pixels + predictedPixels - correctPixels
      return union > 0 ? Double(correctPixels) / Double(union) : nil
    }
    /// Whether it occurs, but was not predicted for a single pixel.
    package var isNeverPredicted: Bool { pixels > 0 && predictedPixels == 0 }
    /// Whether there is anything to explain: it occurs, and is missed or wrongly seen for the most part; or it is seen without occurring.
    package var isWeak: Bool {
      // A class that does not occur has an IoU of 0 as soon as anything is taken for it.
      guard pixels > 0 else { return predictedPixels > 0 }
      return [intersectionOverUnion, recall, precision ?? 0].contains { $0.map { $0 < TailDiagnosis.weakScore } ?? false }
    }
  }

  /// Pixels of one class that were taken for another.
  package struct Confusion: Sendable, Equatable {
    /// The other class.
    package var name: String
    /// How many.
    package var pixels: Int

    /// Creates a confusion.
    package init(_ name: String, _ pixels: Int) { (self.name, self.pixels) = (name, pixels) }
  }

  /// What is known of the run.
  package struct RunFacts: Sendable, Equatable {
    /// Images of the training split.
    package var trainingImages: Int?
    /// The factor by which the network's coarsest level is smaller than its input.
    package var stride: Int?
    /// Whether the objective brings the gradients of all classes to one size.
    package var homogenizesGradients: Bool
    /// The objective's name, which is then not proposed again.
    package var objective: String?

    /// Creates the facts of a run.
    package init(trainingImages: Int? = nil, stride: Int? = nil, homogenizesGradients: Bool = false, objective: String? = nil) {
      (self.trainingImages, self.stride) = (trainingImages, stride)
      (self.homogenizesGradients, self.objective) = (homogenizesGradients, objective)
    }
  }

  /// Why a class may be found badly.
  package enum Cause: Sendable, Equatable {
    /// No labelled training pixel shows it.
    case absentFromTraining
    /// No evaluated pixel is labelled with it, but pixels are taken for it: the share of all evaluated ones.
    case absentFromEvaluation(predictedShare: Double)
    /// Few training images show it.
    case fewImages(Int, of: Int?)
    /// It is smaller than one step of the network's coarsest level; both in pixels of the network's input.
    case smallerThanStride(extent: Double, stride: Int)
    /// It is rare and has hardly a part in the gradient; all are shares, from 0 to 1.
    case starvedGradient(pixelShare: Double?, gradientShare: Double, equalShare: Double, isHomogenized: Bool)
    /// It is rare; its part in the gradient is fair or not known.
    case rare(pixelShare: Double)
    /// The objective makes its gradient smaller by this factor, while it is still to be learned.
    case heldBack(scale: Double)
    /// Its pixels are taken for one other class above all; the share is of its missed pixels.
    case confused(with: String, share: Double)
    /// It is found, but most of what is taken for it is something else.
    case lowPrecision(precision: Double, recall: Double)
    /// Most of it is missed; what its pixels give to it on average says whether it is on its way. Both from 0 to 1.
    case ownProbability(Double, chance: Double)
    /// None of the other rules applies.
    case undertrained
  }

  /// A class and why it may be found badly.
  package struct Finding: Sendable, Equatable {
    /// The class.
    package var className: String
    /// Whether it was not predicted for a single pixel.
    package var isNeverPredicted: Bool
    /// The likely causes, the first to look at first; at least one.
    package var causes: [Cause]
  }

  /// The classes that are found badly, in the order given.
  package let findings: [Finding]
  /// What the run was.
  package let run: RunFacts
  /// Set when always answering the most frequent class would find more pixels: that class, and the two shares of correct pixels. Nothing
  /// but what is missing in the data is then said about classes, since their predictions mean nothing yet.
  package let untrained: (bestConstant: String, constantAccuracy: Double, pixelAccuracy: Double)?

  /// Applies the rules.
  /// - Parameters:
  ///   - classes: all classes; an equal share of the gradient is one over their number.
  ///   - run: what concerns all of them.
  package init(_ classes: [ClassFacts], run: RunFacts = RunFacts()) {
    self.run = run
    let untrained = TailDiagnosis.comparedToConstant(classes)
    self.untrained = untrained
    findings = classes.filter(\.isWeak).compactMap { facts in
      if facts.pixels == 0 {
        let share = Double(facts.predictedPixels) / Double(max(1, classes.reduce(0) { $0 + $1.pixels }))
        // Of a network that has learned nothing, what it takes for what says nothing.
        guard untrained == nil, share >= TailDiagnosis.rareShare else { return nil }
        return Finding(className: facts.name, isNeverPredicted: false, causes: [.absentFromEvaluation(predictedShare: share)])
      }
      let causes = TailDiagnosis.causes(of: facts, run, classCount: classes.count)
      if untrained != nil, causes != [.absentFromTraining] { return nil }
      return Finding(className: facts.name, isNeverPredicted: facts.isNeverPredicted, causes: causes)
    }
  }

  /// Whether nothing was found that is worth saying.
  package var isEmpty: Bool { findings.isEmpty && untrained == nil }

  private static func comparedToConstant(
    _ classes: [ClassFacts]
  ) -> (bestConstant: String, constantAccuracy: Double, pixelAccuracy: Double)? {
    let total = classes.reduce(0) { $0 + $1.pixels }
    let correct = classes.reduce(0) { $0 + $1.correctPixels }
    // Pixels that are taken for a class which the evaluated labels do not have are wrong however well the network has learned.
    let takenForAbsent = classes.reduce(0) { $0 + ($1.pixels == 0 ? $1.predictedPixels : 0) }
    guard let largest = classes.max(by: { $0.pixels < $1.pixels }), correct + takenForAbsent < largest.pixels else { return nil }
    return (largest.name, Double(largest.pixels) / Double(total), Double(correct) / Double(total))
  }

  private static func causes(of facts: ClassFacts, _ run: RunFacts, classCount: Int) -> [Cause] {
    // What was never shown cannot be learned; nothing else matters then.
    if facts.trainingShare == 0 || facts.trainingImages == 0 { return [.absentFromTraining] }
    var causes: [Cause] = []
    if let images = facts.trainingImages, isFew(images, of: run.trainingImages) {
      causes.append(.fewImages(images, of: run.trainingImages))
    }
    if let extent = facts.extent, let stride = run.stride, extent < Double(stride) {
      causes.append(.smallerThanStride(extent: extent, stride: stride))
    }
    if let cause = balanceCause(of: facts, run, classCount: classCount) { causes.append(cause) }
    if let scale = facts.scale, scale > 0, scale < heldBackScale { causes.append(.heldBack(scale: scale)) }
    let missed = facts.pixels - facts.correctPixels
    if let other = facts.takenFor, missed > 0, 2 * other.pixels >= missed, facts.recall ?? 1 < 0.5 {
      causes.append(.confused(with: other.name, share: Double(other.pixels) / Double(missed)))
    }
    if let precision = facts.precision, let recall = facts.recall, precision < weakScore, recall >= weakScore, recall > 2 * precision {
      causes.append(.lowPrecision(precision: precision, recall: recall))
    }
    if let own = facts.ownProbability, facts.recall ?? 1 < weakScore {
      causes.append(.ownProbability(own, chance: 1 / Double(max(1, classCount))))
    }
    return causes.isEmpty ? [.undertrained] : causes
  }

  /// Few in number, and not just because there are few images at all; or less than one in a hundred.
  private static func isFew(_ images: Int, of total: Int?) -> Bool {
    guard let total else { return images < fewImages }
    return (images < fewImages && 2 * images < total) || images * 100 < total
  }

  private static func balanceCause(of facts: ClassFacts, _ run: RunFacts, classCount: Int) -> Cause? {
    let equalShare = 1 / Double(max(1, classCount))
    if let gradient = facts.gradientShare, gradient < starvedPart * equalShare, facts.trainingShare.map({ $0 < equalShare }) ?? true {
      return .starvedGradient(
        pixelShare: facts.trainingShare, gradientShare: gradient, equalShare: equalShare, isHomogenized: run.homogenizesGradients)
    }
    if let share = facts.trainingShare, share < rareShare { return .rare(pixelShare: share) }
    return nil
  }
}

extension TailDiagnosis.ClassFacts {
  /// The score of a class that is the share of its pixels that are right.
  static let accuracyName = "accuracy"

  /// How many of a class's pixels are right; exact, since a class's accuracy is a share of a whole number.
  /// - Parameter scores: of the class, by the names of their kinds.
  static func correctPixels(of count: Int, scores: [(kind: String, value: Double?)]) -> Int {
    let accuracy = scores.first { $0.kind == accuracyName }?.value
    return Int(((accuracy ?? 0) * Double(count)).rounded())
  }
}
