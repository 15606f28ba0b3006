/// Features of past epochs from which rare classes are filled up: EMANATE of Breadcrumb (Liu et al., ECCV 2022 workshops).
///
/// The features of a class in an epoch lie about their mean. Those of older epochs are moved to the newest mean, so that a class with few
/// images has as many rows as the others. Rows of an epoch are kept in the order of image numbers, which does not depend on ranks.
package struct FeatureQueue: Sendable, Equatable {
  /// What to do before every class has as many epochs as it needs.
  package enum Startup: String, Sendable, CaseIterable {
    /// There are no balanced features yet, as published.
    case wait
    /// What is there is used, and repeated where it does not suffice.
    case shorter
  }

  /// Batches of an epoch, the last partial one included.
  package let batches: Int
  /// Rows that each class gets.
  package let rowsPerClass: Int
  /// Epochs that each class keeps.
  package let depths: [Int]
  /// For each class the features of past epochs about their means, the newest first.
  package private(set) var residuals: [[DenseRows]]
  /// The newest mean of each class, C x d; nil before the first epoch has ended.
  package private(set) var means: DenseRows?

  /// - Parameters:
  ///   - counts: training images of each class, at least 1.
  ///   - batch: images of a global batch.
  package init(counts: [Int], batch: Int) {
    batches = (counts.reduce(0, +) + batch - 1) / batch
    let rows = (batches * batch + counts.count - 1) / max(1, counts.count)
    rowsPerClass = rows
    depths = counts.map { (rows + $0 - 1) / max(1, $0) }
    residuals = [[DenseRows]](repeating: [], count: counts.count)
  }

  /// Whether every class has as many epochs as it needs.
  package var isReady: Bool { zip(residuals, depths).allSatisfy { $0.count >= $1 } }

  /// Ends an epoch.
  /// - Parameter features: of each class, in the order of image numbers, of all ranks.
  package mutating func store(_ features: [DenseRows]) {
    var newest = DenseRows(count: features.count, width: features.first?.width ?? 0)
    for (label, rows) in features.enumerated() {
      let mean = FeatureQueue.mean(rows)
      for column in 0..<rows.width { newest[label, column] = mean[column] }
      var moved = rows
      for row in 0..<rows.count { for column in 0..<rows.width { moved[row, column] -= mean[column] } }
      residuals[label].insert(moved, at: 0)
      if residuals[label].count > depths[label] { residuals[label].removeLast() }
    }
    means = newest
  }

  private static func mean(_ rows: DenseRows) -> [Float] {
    (0..<rows.width).map { column in
      Float((0..<rows.count).reduce(0.0) { $0 + Double(rows[$1, column]) } / Double(max(1, rows.count)))
    }
  }

  /// Balanced features, class after class, `rowsPerClass` of each: the newest epoch's rows first. Nil where there are none yet.
  package func balanced(startup: Startup = .wait) -> DenseRows? {
    guard let means, isReady || startup == .shorter else { return nil }
    var values: [Float] = []
    values.reserveCapacity(residuals.count * rowsPerClass * means.width)
    for (label, epochs) in residuals.enumerated() {
      let places = epochs.indices.flatMap { epoch in (0..<epochs[epoch].count).map { (epoch, $0) } }
      guard !places.isEmpty else { return nil }
      for place in 0..<rowsPerClass {
        let (epoch, row) = places[place % places.count]
        values += zip(epochs[epoch][row], means[label]).map { $0 + $1 }
      }
    }
    return DenseRows(count: residuals.count * rowsPerClass, width: means.width, values: values)
  }
}
