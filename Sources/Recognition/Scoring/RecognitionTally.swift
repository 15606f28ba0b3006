import Foundation
import Tensors

/// What is counted of predictions over a split: enough for all scores, and only whole numbers, so that sums over ranks do not depend on
/// their order.
///
/// Takes C numbers for each of three rows, three for each bin, and one for each pair of classes that were confused; a table of C x C is
/// never made, so that thousands of classes are no matter.
package struct RecognitionTally: Sendable, Equatable {
  /// Number of classes C.
  package let classCount: Int
  /// The rank that still counts as found in `foundWithin`.
  package static let depth = 5
  /// Bins of confidence.
  package static let binCount = 15
  /// Confidences are added up in units of 2^-24.
  static let confidenceUnit = 0x1p24

  /// Images of each class.
  package private(set) var images: [Int64]
  /// Images of each class that were predicted right.
  package private(set) var correct: [Int64]
  /// Images that were taken for each class.
  package private(set) var predicted: [Int64]
  /// Images of each class that are among the five likeliest classes.
  package private(set) var foundWithin: [Int64]
  /// Images by the confidence of their prediction: bin b holds those in (b / 15, (b + 1) / 15].
  package private(set) var binImages: [Int64]
  /// Those of them that were right.
  package private(set) var binCorrect: [Int64]
  /// The sums of their confidences, in units of 2^-24.
  package private(set) var binConfidence: [Int64]
  /// Images whose logits are not numbers; they are never right and taken for no class.
  package private(set) var undefined: Int64 = 0
  /// Images of one class that were taken for another: counts by truth * C + prediction.
  package private(set) var confusions: [Int: Int64] = [:]

  /// Nothing counted yet.
  package init(classCount: Int) {
    self.classCount = classCount
    images = [Int64](repeating: 0, count: classCount)
    (correct, predicted, foundWithin) = (images, images, images)
    binImages = [Int64](repeating: 0, count: RecognitionTally.binCount)
    (binCorrect, binConfidence) = (binImages, binImages)
  }

  /// Counts rows of logits. A row whose label is negative is left out.
  ///
  /// The prediction is the lowest class of the greatest logit. The label's rank is the number of classes with a greater logit, and of those
  /// with an equal one and a lower number. Costs about C a row, and one exponential each.
  /// - Parameters:
  ///   - logits: N x C numbers, row after row.
  ///   - labels: N classes.
  /// - Throws: `.internalError` where the sizes do not fit, `.badData` for a label that is not a class; nothing is counted then.
  package mutating func add(logits: UnsafeBufferPointer<Float>, labels: [Int32]) throws {
    guard logits.count == labels.count * classCount else {
      throw LongtailError(.internalError, "\(logits.count) logits for \(labels.count) labels of \(classCount) classes")
    }
    if let label = labels.first(where: { Int($0) >= classCount }) {
      throw LongtailError(.badData, "label \(label), but there are \(classCount) classes")
    }
    for (row, label) in labels.enumerated() where label >= 0 {
      add(row: UnsafeBufferPointer(rebasing: logits[row * classCount..<(row + 1) * classCount]), label: Int(label))
    }
  }

  /// Counts rows of logits from an array; see the other form.
  package mutating func add(logits: [Float], labels: [Int32]) throws {
    try logits.withUnsafeBufferPointer { try add(logits: $0, labels: labels) }
  }

  /// Counts rows as a network's port holds them; see the other form.
  package mutating func add(_ rows: RowsView, labels: [Int32]) throws {
    guard rows.classes == classCount, rows.rows == labels.count else {
      throw LongtailError(
        .internalError, "\(rows.rows) rows of \(rows.classes) logits for \(labels.count) labels of \(classCount) classes")
    }
    var logits = [Float](repeating: 0, count: labels.count * classCount)
    rows.buffer.withFloats { memory in
      for row in labels.indices {
        for k in 0..<classCount {
          logits[row * classCount + k] = memory[rows.index(image: row / rows.rowsPerImage, row: row % rows.rowsPerImage, class: k)]
        }
      }
    }
    try add(logits: logits, labels: labels)
  }

  private mutating func add(row: UnsafeBufferPointer<Float>, label: Int) {
    images[label] += 1
    var best = 0
    var isDefined = !row.isEmpty
    for index in 0..<row.count {
      if row[index].isNaN || row[index] == .infinity { isDefined = false }
      if row[index] > row[best] { best = index }
    }
    guard isDefined, row[best] > -.infinity else {
      undefined += 1
      return
    }
    let own = row[label]
    var rank = 0
    var sum = 0.0
    for index in 0..<row.count {
      if row[index] > own || row[index] == own && index < label { rank += 1 }
      sum += exp(Double(row[index]) - Double(row[best]))
    }
    predicted[best] += 1
    if rank == 0 { correct[label] += 1 } else { confusions[label * classCount + best, default: 0] += 1 }
    if rank < RecognitionTally.depth { foundWithin[label] += 1 }
    let confidence = 1 / sum
    let bin = min(RecognitionTally.binCount - 1, max(0, Int((confidence * Double(RecognitionTally.binCount)).rounded(.up)) - 1))
    binImages[bin] += 1
    if rank == 0 { binCorrect[bin] += 1 }
    binConfidence[bin] += Int64((confidence * RecognitionTally.confidenceUnit).rounded())
  }

  /// Adds the counts of other images.
  /// - Throws: `.internalError` where they are of another number of classes.
  package mutating func merge(_ other: RecognitionTally) throws {
    guard other.classCount == classCount else {
      throw LongtailError(.internalError, "tallies of \(classCount) and \(other.classCount) classes do not add up")
    }
    try add(counters: other.counters)
    for (pair, count) in other.confusions { confusions[pair, default: 0] += count }
  }
}

extension RecognitionTally {
  /// The counts that every rank has as many of, in a fixed order: over ranks they are added up element by element.
  package var counters: [Int64] {
    images + correct + predicted + foundWithin + binImages + binCorrect + binConfidence + [undefined]
  }

  /// The confused pairs as triples (truth, prediction, count), ascending: ranks have different ones, so that they are gathered.
  package var confusionTriples: [Int64] {
    confusions.sorted { $0.key < $1.key }.flatMap { [Int64($0.key / classCount), Int64($0.key % classCount), $0.value] }
  }

  /// Creates a tally from sums of counters over ranks, and the triples of all ranks behind one another.
  /// - Throws: `.internalError` where the sizes do not fit or a class is none.
  package init(classCount: Int, counters: [Int64], triples: [Int64]) throws {
    self.init(classCount: classCount)
    try add(counters: counters)
    guard triples.count % 3 == 0 else { throw LongtailError(.internalError, "\(triples.count) numbers are not triples of confusions") }
    for start in stride(from: 0, to: triples.count, by: 3) {
      let (truth, prediction) = (Int(triples[start]), Int(triples[start + 1]))
      guard (0..<classCount).contains(truth), (0..<classCount).contains(prediction), truth != prediction, triples[start + 2] > 0 else {
        throw LongtailError(.internalError, "a confusion of \(truth) with \(prediction) among \(classCount) classes")
      }
      confusions[truth * classCount + prediction, default: 0] += triples[start + 2]
    }
  }

  private mutating func add(counters: [Int64]) throws {
    let expected = 4 * classCount + 3 * RecognitionTally.binCount + 1
    guard counters.count == expected, counters.allSatisfy({ $0 >= 0 }) else {
      throw LongtailError(.internalError, "\(counters.count) counters for a tally of \(classCount) classes, expected \(expected)")
    }
    var place = 0
    func take(_ sums: inout [Int64]) {
      for index in sums.indices { sums[index] += counters[place + index] }
      place += sums.count
    }
    take(&images)
    take(&correct)
    take(&predicted)
    take(&foundWithin)
    take(&binImages)
    take(&binCorrect)
    take(&binConfidence)
    undefined += counters[place]
  }
}
