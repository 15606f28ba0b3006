import Tasks

/// The mean IoU that the code published with PAT (repository KhoiDOO/ibla) reports: only to compare with its numbers, never to judge by.
///
/// For each batch, IoU per class; classes that are absent from the batch's labels are skipped, so false positives on them cost nothing;
/// the mean of what is left is averaged over batches. Only the first three classes enter, whatever the data set, because that code never
/// passes its class count on. The value depends on batch size and order, and so cannot be computed from a sum over ranks:
/// each rank adds whole batches, and (`sum`, `batches`) are added over ranks.
package struct IblaMeanIntersectionOverUnion: Sendable, Equatable {
  /// The number of classes that enter.
  package let classes: Int
  /// Sum of the batches' means.
  package private(set) var sum: Double = 0
  /// Batches with at least one of the classes.
  package private(set) var batches: Int = 0

  /// Begins without batches.
  /// - Parameter classes: the published default is 3.
  package init(classes: Int = 3) {
    self.classes = max(1, classes)
  }

  /// Sums over ranks.
  init(sum: Double, batches: Int) {
    self.init()
    (self.sum, self.batches) = (sum, batches)
  }

  /// Adds one batch.
  /// - Parameter matrix: the batch's own confusion matrix.
  package mutating func add(batch matrix: ConfusionMatrix) {
    let present = matrix.pixelsPerClass
    let scores = matrix.intersectionOverUnion.prefix(classes).enumerated().map { present[$0.offset] > 0 ? $0.element : nil }
    guard let mean = ClassMean(scores).value else { return }
    sum += mean
    batches += 1
  }

  /// Adds what another rank saw.
  package mutating func merge(_ other: IblaMeanIntersectionOverUnion) {
    sum += other.sum
    batches += other.batches
  }

  /// The average over batches; nil without any.
  package var value: Double? { batches > 0 ? sum / Double(batches) : nil }
}
