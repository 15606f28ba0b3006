import Datasets
import Foundation
import Tasks
import Tensors

/// The images of a split by class and prediction, and a score for each image.
///
/// Cost over the ranks: one sum of 4 C numbers and two an image, and the confusions that occur.
package struct SplitTally: Tally {
  /// The counts.
  package private(set) var counts: RecognitionTally
  /// The probability of each image's own class in units of 2^-32, plus 1; 0 for images that were not seen. Whole numbers add up to the same
  /// in any order.
  private var certainties: [Int64]
  /// 1 for each image that is right.
  private var hits: [Int64]
  private let context: TallyContext
  private let frequencies: ClassFrequencyGroups
  private let classNames: [String]

  private static let certaintyUnit = 0x1p32

  /// Nothing counted yet.
  /// - Parameters:
  ///   - images: the data set, whose training images say which third a class is in.
  /// - Throws: nothing that the data set's own checks have not refused.
  init(_ context: TallyContext, images: LabelledImages) {
    self.context = context
    classNames = images.classes
    frequencies = ClassFrequencyGroups(countsOfTraining: images.classCounts(of: .train))
    counts = RecognitionTally(classCount: images.classes.count)
    certainties = [Int64](repeating: 0, count: images.count(of: context.split))
    hits = certainties
  }

  /// Counts the images of a batch.
  package mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    let logits = try outputs.rows(.logits)
    guard logits.rows == batch.imageCount, logits.classes == counts.classCount else {
      throw LongtailError(
        .internalError,
        "the network gives \(logits.rows) rows of \(logits.classes) scores for \(batch.imageCount) images of \(counts.classCount) classes")
    }
    let labels = batch.targets.withRows { Array($0.labels) }
    try counts.add(logits, labels: labels)
    var row = [Float](repeating: 0, count: logits.classes)
    logits.buffer.withFloats { memory in
      for (place, index) in batch.sampleIndices.enumerated() where certainties.indices.contains(index) && labels[place] >= 0 {
        for k in row.indices { row[k] = memory[logits.index(image: place, row: 0, class: k)] }
        note(index, row, label: Int(labels[place]))
      }
    }
  }

  private mutating func note(_ index: Int, _ row: [Float], label: Int) {
    let top = TopClasses(logits: row, count: 1)
    certainties[index] = 1
    guard let best = top.candidates.first else { return }
    let certainty = best.probability * exp(Double(row[label]) - Double(row[best.label]))
    certainties[index] += Int64((certainty * SplitTally.certaintyUnit).rounded())
    hits[index] = best.label == label ? 1 : 0
  }

  /// Adds up what all ranks have counted.
  package mutating func reduce(over group: any TallyGroup) throws {
    var sums = counts.counters
    try group.sum(&sums)
    let triples = try group.gather(counts.confusionTriples.flatMap { value in withUnsafeBytes(of: value.littleEndian, Array.init) })
    counts = try RecognitionTally(classCount: counts.classCount, counters: sums, triples: triples.flatMap(SplitTally.numbers))
    try group.sum(&certainties)
    try group.sum(&hits)
  }

  private static func numbers(_ bytes: [UInt8]) -> [Int64] {
    stride(from: 0, to: bytes.count - 7, by: 8).map { start in
      (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[start + $1]) << Int64(8 * $1) }
    }
  }

  /// The scores, and what explains them.
  package func evaluation() throws -> Evaluation {
    let scores = RecognitionScores(counts, frequencies: frequencies)
    var takenFor = [[(index: Int, count: Int)]](repeating: [], count: counts.classCount)
    var entries = counts.correct.enumerated().map { ConfusionCounts.Entry(truth: $0, prediction: $0, count: $1) }
    for (pair, count) in counts.confusions {
      let (truth, prediction) = (pair / counts.classCount, pair % counts.classCount)
      entries.append(.init(truth: truth, prediction: prediction, count: count))
      takenFor[truth].append((index: prediction, count: Int(count)))
    }
    for k in takenFor.indices { takenFor[k].sort { ($1.count, $0.index) < ($0.count, $1.index) } }
    return Evaluation(
      scores: scores.scores(groups: context.groups, classNames: classNames),
      classes: classNames.indices.map { k in
        .init(count: Int(counts.images[k]), predictedCount: Int(counts.predicted[k]), takenFor: takenFor[k])
      },
      averagedClasses: scores.classes.count { $0.accuracy != nil }, images: imageScores,
      confusions: ConfusionCounts(classes: counts.classCount, entries: entries),
      figures: [scores.frequencyFigure(counts: frequencies.counts), scores.calibrationFigure].compactMap(\.self))
  }

  private var imageScores: [ImageScore] {
    certainties.indices.map { index in
      let isSeen = certainties[index] > 0
      return ImageScore(
        index: index, count: isSeen ? 1 : 0, correctCount: Int(hits[index]),
        value: isSeen ? Double(certainties[index] - 1) / SplitTally.certaintyUnit : nil)
    }
  }
}
