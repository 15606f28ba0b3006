import Foundation
import Metrics
import Tensors
import Training

/// What an evaluation found beyond its table: the whole confusion matrix, and a score for each image. The content of `evaluation.json`.
public struct EvaluationDetails: Sendable, Equatable {
  /// An image with its score.
  public struct Image: Sendable, Equatable {
    /// Its name in the data set.
    public var name: String
    /// How well the network saw it; its place is the one in the split.
    public var score: ImageScore

    /// Puts the two together.
    public init(name: String, score: ImageScore) { (self.name, self.score) = (name, score) }
  }

  /// Steps done before it.
  public var step: Int
  /// The evaluated split: `val`.
  public var split: String
  /// The classes, in the data set's order.
  public var classNames: [String]
  /// Pixels by truth and prediction.
  public var matrix: ConfusionMatrix
  /// Every image of the split, in its order.
  public var images: [Image]

  /// Puts the parts together.
  public init(step: Int, split: String, classNames: [String], matrix: ConfusionMatrix, images: [Image]) {
    (self.step, self.split, self.classNames, self.matrix, self.images) = (step, split, classNames, matrix, images)
  }

  /// What an evaluation of an experiment found.
  public init(_ report: EvaluationReport, experiment: Experiment) {
    self.init(
      step: report.step, split: experiment.evaluationSplit.shortName, classNames: experiment.classNames, matrix: report.matrix,
      images: report.imageScores.map {
        Image(name: experiment.dataset.identifier(split: experiment.evaluationSplit, index: $0.index), score: $0)
      })
  }

  /// Images by falling score, those without a labelled pixel left out; equal ones in the split's order.
  public var ranked: [Image] {
    images.filter { $0.score.meanIntersectionOverUnion != nil }.sorted { one, other in
      let (a, b) = (one.score.meanIntersectionOverUnion ?? 0, other.score.meanIntersectionOverUnion ?? 0)
      return a != b ? a > b : one.score.index < other.score.index
    }
  }

  /// The best images and, the worst first, the worst; no image is both.
  /// - Parameter count: of each at most.
  public func extremes(_ count: Int) -> (best: [Image], worst: [Image]) {
    let ranked = ranked
    let (worst, best) = (min(count, (ranked.count + 1) / 2), min(count, ranked.count / 2))
    return (Array(ranked.prefix(best)), ranked.suffix(worst).reversed())
  }

  /// Pixels of one class that were taken for another.
  public struct Confusion: Sendable, Equatable {
    /// The class that they are.
    public var truth: Int
    /// The class that they were taken for.
    public var prediction: Int
    /// How many.
    public var pixels: Int
    /// Their part of the class's pixels.
    public var share: Double
  }

  /// Confusions by falling share of the true class's pixels.
  /// - Parameter least: smaller shares are left out.
  public func confusions(least: Double = 0.01) -> [Confusion] {
    let truth = matrix.pixelsPerClass
    var found: [Confusion] = []
    for t in 0..<matrix.classes where truth[t] > 0 {
      for p in 0..<matrix.classes where p != t && matrix[truth: t, prediction: p] > 0 {
        let share = Double(matrix[truth: t, prediction: p]) / Double(truth[t])
        if share >= least { found.append(Confusion(truth: t, prediction: p, pixels: Int(matrix[truth: t, prediction: p]), share: share)) }
      }
    }
    return found.sorted { ($1.share, $1.pixels, $0.truth, $0.prediction) < ($0.share, $0.pixels, $1.truth, $1.prediction) }
  }
}

/// The file `evaluation.json`: one line, replaced by each evaluation.
extension EvaluationDetails {
  /// The content: `{"step","split","classes","confusion","images"}`; rows of the matrix are the truth.
  public var json: JSONValue {
    let (classes, counts) = (matrix.classes, matrix.counts)
    return .members([
      "step": .int(step), "split": .string(split), "classes": .array(classNames.map(JSONValue.string)),
      "confusion": .array((0..<classes).map { row in .array((0..<classes).map { .int(Int(counts[row * classes + $0])) }) }),
      "images": .array(
        images.map { image in
          .members([
            "name": .string(image.name), "pixels": .int(image.score.pixels), "correctPixels": .int(image.score.correctPixels),
            "miou": .number(image.score.meanIntersectionOverUnion),
          ])
        }),
    ])
  }

  private struct Content: Decodable {
    struct Image: Decodable {
      var name: String
      var pixels: Int
      var correctPixels: Int
      var miou: Double?
    }
    var step: Int
    var split: String
    var classes: [String]
    var confusion: [[Int64]]
    var images: [Image]
  }

  /// Reads the file of a run.
  /// - Returns: nil where there is none, as in runs of early builds.
  /// - Throws: `LongtailError(.badData)` where it is not what it should be.
  public static func read(ofRun path: String) throws -> EvaluationDetails? {
    guard let content: Content = try RunResults.file("\(path)/evaluation.json") else { return nil }
    let count = content.classes.count
    guard content.confusion.count == count, content.confusion.allSatisfy({ $0.count == count }),
      let matrix = try? ConfusionMatrix(classes: count, counts: content.confusion.flatMap { $0 })
    else {
      throw LongtailError(
        .badData, "\(path)/evaluation.json: the confusion matrix is not one of \(count) classes", advice: "Evaluate the run again.")
    }
    return EvaluationDetails(
      step: content.step, split: content.split, classNames: content.classes, matrix: matrix,
      images: content.images.enumerated().map { index, image in
        Image(
          name: image.name,
          score: ImageScore(
            index: index, pixels: image.pixels, correctPixels: image.correctPixels, meanIntersectionOverUnion: image.miou))
      })
  }
}
