import Tensors

/// Counts of pixels (or samples) by true class and predicted class, over a whole split.
///
/// Integers of 64 bits: a split may hold more pixels than 32 bits count. Over ranks the matrices are added, and scores are taken once, from
/// the sum.
package struct ConfusionMatrix: Sendable, Equatable {
  /// Number of classes C.
  package let classes: Int
  /// C x C counts, row-major: row = truth, column = prediction. The array that is summed over ranks.
  package private(set) var counts: [Int64]

  /// An empty matrix.
  /// - Parameter classes: negative numbers count as 0.
  package init(classes: Int) {
    self.classes = max(0, classes)
    counts = Array(repeating: 0, count: self.classes * self.classes)
  }

  /// A matrix of given counts, such as a sum over ranks.
  /// - Parameter counts: C x C numbers, row-major, none negative.
  /// - Throws: `LongtailError` if the size is not a square of `classes` or a count is negative.
  package init(classes: Int, counts: [Int64]) throws {
    guard classes >= 0, counts.count == classes * classes, counts.allSatisfy({ $0 >= 0 }) else {
      throw LongtailError(.internalError, "\(counts.count) counts for a confusion matrix of \(classes) classes, or a negative one")
    }
    self.classes = classes
    self.counts = counts
  }

  /// Pixels of class `truth` that were predicted as `prediction`.
  package subscript(truth truth: Int, prediction prediction: Int) -> Int64 { counts[truth * classes + prediction] }

  /// All counted pixels.
  package var total: Int64 { counts.reduce(0, +) }

  /// Adds pixels; those with a negative label are skipped whatever was predicted there.
  /// - Parameters:
  ///   - predictions: class indices, one a pixel.
  ///   - labels: class indices, one a pixel; negative = ignored.
  /// - Throws: `LongtailError` if the counts of pixels differ or an index is not a class; nothing is counted then.
  package mutating func add(predictions: UnsafeBufferPointer<UInt8>, labels: UnsafeBufferPointer<Int32>) throws {
    try count(predictions, labels)
  }

  /// Adds pixels with wide predictions; see the other form.
  /// - Throws: as there.
  package mutating func add(predictions: UnsafeBufferPointer<Int32>, labels: UnsafeBufferPointer<Int32>) throws {
    try count(predictions, labels)
  }

  /// Adds pixels from arrays; see the other form.
  /// - Throws: as there.
  package mutating func add(predictions: [UInt8], labels: [Int32]) throws {
    try predictions.withUnsafeBufferPointer { predictions in try labels.withUnsafeBufferPointer { try count(predictions, $0) } }
  }

  /// Adds pixels with wide predictions from arrays; see the other form.
  /// - Throws: as there.
  package mutating func add(predictions: [Int32], labels: [Int32]) throws {
    try predictions.withUnsafeBufferPointer { predictions in try labels.withUnsafeBufferPointer { try count(predictions, $0) } }
  }

  private mutating func count<Prediction: FixedWidthInteger>(
    _ predictions: UnsafeBufferPointer<Prediction>, _ labels: UnsafeBufferPointer<Int32>
  ) throws {
    guard predictions.count == labels.count else {
      throw LongtailError(.internalError, "\(predictions.count) predictions for \(labels.count) labels")
    }
    let limit = Int32(truncatingIfNeeded: classes)
    for i in 0..<labels.count where labels[i] >= 0 {
      guard labels[i] < limit else {
        throw LongtailError(
          .badData, "label \(labels[i]) at pixel \(i): there are \(classes) classes",
          advice: "Map the label in the data set's label map, or to a negative number if it should be ignored.")
      }
      guard predictions[i] >= 0, Int(truncatingIfNeeded: predictions[i]) < classes else {
        throw LongtailError(.internalError, "prediction \(predictions[i]) at pixel \(i): there are \(classes) classes")
      }
    }
    counts.withUnsafeMutableBufferPointer { counts in
      for i in 0..<labels.count where labels[i] >= 0 {
        counts[Int(labels[i]) &* classes &+ Int(truncatingIfNeeded: predictions[i])] &+= 1
      }
    }
  }

  /// Adds the counts of another matrix.
  /// - Throws: `LongtailError` if it has another number of classes.
  package mutating func merge(_ other: ConfusionMatrix) throws {
    guard other.classes == classes else {
      throw LongtailError(.internalError, "confusion matrices of \(classes) and \(other.classes) classes do not add up")
    }
    for i in counts.indices { counts[i] += other.counts[i] }
  }
}
