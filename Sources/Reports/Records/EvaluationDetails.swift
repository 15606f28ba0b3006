import Foundation
import Tasks
import Tensors

/// What an evaluation found beyond its table: what was taken for what, a score for each image, figures. The content of `evaluation.json`,
/// for writing and for reading: one line, replaced by each evaluation.
package struct EvaluationDetails: Sendable, Equatable {
  /// An image with its score.
  package struct Image: Sendable, Equatable {
    /// Its name in the data set.
    package var name: String
    /// How well the network saw it; its place is the one in the split.
    package var score: ImageScore

    /// Creates an image.
    package init(name: String, score: ImageScore) { (self.name, self.score) = (name, score) }
  }

  /// What the numbers are those of.
  package var task: TaskDescription
  /// Steps done before it.
  package var step: Int
  /// The evaluated split: `val`.
  package var split: String
  /// The classes, in the data set's order.
  package var classNames: [String]
  /// What was taken for what; nil where the task has no such thing.
  package var confusions: ConfusionCounts?
  /// Every image of the split, in its order; empty where images have no scores of their own.
  package var images: [Image]
  /// More that pages show.
  package var figures: [Figure]

  /// Creates the details of an evaluation.
  package init(
    _ task: TaskDescription, step: Int, split: String, classNames: [String], confusions: ConfusionCounts?, images: [Image],
    figures: [Figure] = []
  ) {
    (self.task, self.step, self.split, self.classNames) = (task, step, split, classNames)
    (self.confusions, self.images, self.figures) = (confusions, images, figures)
  }

  /// Images by falling score, those without a label left out; equal ones in the split's order.
  package var ranked: [Image] {
    images.filter { $0.score.value != nil }.sorted { one, other in
      let (a, b) = (one.score.value ?? 0, other.score.value ?? 0)
      return a != b ? a > b : one.score.index < other.score.index
    }
  }

  /// The best images and, the worst first, the worst; no image is both.
  /// - Parameter count: of each at most.
  package func extremes(_ count: Int) -> (best: [Image], worst: [Image]) {
    let all = ranked
    let best = min(max(0, count), (all.count + 1) / 2)
    return (Array(all.prefix(best)), Array(all.suffix(min(max(0, count), all.count - best)).reversed()))
  }

  /// Reads the file of a run.
  /// - Returns: nil where there is none, as in runs of early builds.
  /// - Throws: `LongtailError(.badData)` where it is not what it should be.
  package static func read(ofRun path: String, _ task: TaskDescription? = nil) throws -> EvaluationDetails? {
    try RecordFile.read("\(path)/evaluation.json", task)
  }
}

extension EvaluationDetails: Codable {
  /// A square matrix up to this many classes; above, only the pairs that occur.
  static let mostClassesOfMatrix = 256

  private enum CodingKeys: String, CodingKey { case step, split, classes, confusion, confusedPairs, images, figures }

  /// The members of an image: counts bear the name of the unit, the score that of what images are judged by.
  private struct ImageKeys {
    let name: RecordKey
    let count: RecordKey
    let correct: RecordKey
    let score: RecordKey

    init(_ task: TaskDescription) {
      name = RecordKey("name")
      count = RecordKey(task.unit)
      correct = RecordKey("correct\(task.countUnit.capitalized)")
      score = RecordKey(task.main?.name ?? EarlyRecords.imageScore)
    }
  }

  /// Reads the file. The description of the task is that of the decoder's `userInfo`; version 0.1's where there is none.
  package init(from decoder: any Decoder) throws {
    let task = decoder.userInfo[.task] as? TaskDescription ?? EarlyRecords.task
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let names = try values.decode([String].self, forKey: .classes)
    self.init(
      task, step: try values.decode(Int.self, forKey: .step), split: try values.decode(String.self, forKey: .split), classNames: names,
      confusions: nil, images: [], figures: try values.decodeIfPresent([Figure].self, forKey: .figures) ?? [])
    let count = names.count
    if let matrix = try values.decodeIfPresent([[Int64]].self, forKey: .confusion) {
      guard matrix.count == count, matrix.allSatisfy({ $0.count == count && $0.allSatisfy { $0 >= 0 } }) else {
        throw DecodingError.dataCorruptedError(
          forKey: .confusion, in: values, debugDescription: "the confusion matrix is not one of \(count) classes")
      }
      confusions = ConfusionCounts(
        classes: count,
        entries: matrix.enumerated().flatMap { truth, row in
          row.enumerated().map { ConfusionCounts.Entry(truth: truth, prediction: $0, count: $1) }
        })
    } else if let pairs = try values.decodeIfPresent([[Int64]].self, forKey: .confusedPairs) {
      guard pairs.allSatisfy({ $0.count == 3 && (0..<Int64(count)).contains($0[0]) && (0..<Int64(count)).contains($0[1]) && $0[2] >= 0 })
      else {
        throw DecodingError.dataCorruptedError(
          forKey: .confusedPairs, in: values, debugDescription: "a pair is not two of \(count) classes with a count")
      }
      confusions = ConfusionCounts(
        classes: count, entries: pairs.map { .init(truth: Int($0[0]), prediction: Int($0[1]), count: $0[2]) })
    }
    let keys = ImageKeys(task)
    var list = try values.nestedUnkeyedContainer(forKey: .images)
    while !list.isAtEnd {
      let image = try list.nestedContainer(keyedBy: RecordKey.self)
      images.append(
        Image(
          name: try image.decode(String.self, forKey: keys.name),
          score: ImageScore(
            index: images.count, count: try image.decode(Int.self, forKey: keys.count),
            correctCount: try image.decode(Int.self, forKey: keys.correct),
            value: try image.decodeIfPresent(Double.self, forKey: keys.score))))
    }
  }

  /// Writes the file; rows of the matrix are the truth.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(step, forKey: .step)
    try values.encode(split, forKey: .split)
    try values.encode(classNames, forKey: .classes)
    if let confusions, confusions.classes <= EvaluationDetails.mostClassesOfMatrix {
      try values.encode(confusions.matrix, forKey: .confusion)
    } else if let confusions {
      try values.encode(
        confusions.entries.map { [Int64($0.truth), Int64($0.prediction), $0.count] }, forKey: .confusedPairs)
    }
    let keys = ImageKeys(task)
    var list = values.nestedUnkeyedContainer(forKey: .images)
    for image in images {
      var entry = list.nestedContainer(keyedBy: RecordKey.self)
      try entry.encode(image.name, forKey: keys.name)
      try entry.encode(image.score.count, forKey: keys.count)
      try entry.encode(image.score.correctCount, forKey: keys.correct)
      try entry.encode(image.score.value, forKey: keys.score)
    }
    if !figures.isEmpty { try values.encode(figures, forKey: .figures) }
  }
}
