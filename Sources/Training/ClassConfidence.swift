import Collectives
import Foundation
import Tensors
import Threading

/// How sure a network is of each class where it is right to be: the mean over the rows of a class of the softmax probability that their own
/// class gets.
///
/// It moves long before a class is predicted for the first time, and falls before one is lost. Probabilities are added up as whole numbers
/// of 2^-30, so that the sums are the same bits on any number of ranks and threads; 8 x 10^9 rows of a class fit.
/// Cost: C exponentials for each labelled row of an evaluation; nothing in a training step.
struct ClassConfidence {
  /// Sums of probabilities in units of 2^-30, then numbers of rows, by class.
  private var sums: [Int64]
  private let classes: Int

  private static let unit: Float = 0x1p30
  /// Rows of a part of the work.
  private static let partLength = 1 << 13

  /// Nothing yet.
  init(classes: Int) {
    self.classes = classes
    sums = Array(repeating: 0, count: 2 * classes)
  }

  /// Takes in rows; those whose label is no column are left out, and so is everything where labels do not belong to these rows.
  mutating func add(_ rows: RowsView, labels: UnsafeBufferPointer<Int32>) {
    guard rows.classes == classes, labels.count == rows.rows, classes > 0 else { return }
    let parts = (rows.rows + ClassConfidence.partLength - 1) / ClassConfidence.partLength
    let width = 2 * classes
    var partial = [Int64](repeating: 0, count: parts * width)
    let classes = classes
    partial.withUnsafeMutableBufferPointer { partial in
      guard let sums = partial.baseAddress else { return }
      rows.buffer.withFloats { floats in
        guard let base = floats.baseAddress else { return }
        ComputePool.forEach(parts: parts) { part in
          let own = sums + part * width
          for row in part * ClassConfidence.partLength..<min(rows.rows, (part + 1) * ClassConfidence.partLength) {
            let label = Int(labels[row])
            guard label >= 0, label < classes else { continue }
            let (image, place) = (row / rows.rowsPerImage, row % rows.rowsPerImage)
            let truth = base[rows.index(image: image, row: place, class: label)]
            // 1 / sum exp(z_k - z_y): no number grows too large but the sum itself, whose inverse is then 0.
            var sum: Float = 0
            for k in 0..<classes { sum += exp(base[rows.index(image: image, row: place, class: k)] - truth) }
            let probability = 1 / sum
            guard probability.isFinite else { continue }
            own[label] += Int64((probability * ClassConfidence.unit).rounded())
            own[classes + label] += 1
          }
        }
      }
    }
    for part in 0..<parts { for k in 0..<width { sums[k] += partial[part * width + k] } }
  }

  /// The means over all ranks; nil for a class without rows. Collective.
  mutating func reduced(over communicator: any Communicator) throws -> [Double?] {
    try communicator.sum(&sums)
    return (0..<classes).map { k in
      let count = sums[classes + k]
      return count > 0 ? Double(sums[k]) / Double(ClassConfidence.unit) / Double(count) : nil
    }
  }
}
