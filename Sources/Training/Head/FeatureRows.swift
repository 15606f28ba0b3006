import Objectives
import Tensors

/// One rank's rows of features that a head is trained on, with what they are measured against. No images stand behind them.
package struct FeatureRows {
  /// n x d numbers, row-major.
  package var values: [Float]
  /// The class of each row, or a number of `RowLabel`.
  package var labels: [Int32]
  /// A second label of each row with its share; empty for none.
  package var secondLabels: [Int32] = []
  /// The shares of the second labels.
  package var secondShares: [Float] = []
  /// A weight for each row; empty for 1.
  package var weights: [Float] = []
  /// What means over weighted rows are divided by.
  package var denominator = LabelledRows.Weights.Denominator.sum
  /// What noise is keyed by, one a row; empty where no objective adds any.
  package var samples: [Int] = []

  /// Rows.
  package init(values: [Float], labels: [Int32]) { (self.values, self.labels) = (values, labels) }

  /// Rows.
  package var count: Int { labels.count }

  /// Calls `body` with the rows' scores and targets; the pointers are not valid outside.
  func withLabelled<Result>(_ logits: RowsView, gram: [Double]?, _ body: (LabelledRows) throws -> Result) rethrows -> Result {
    try labels.withUnsafeBufferPointer { labels in
      try secondLabels.withUnsafeBufferPointer { second in
        try secondShares.withUnsafeBufferPointer { shares in
          try weights.withUnsafeBufferPointer { weights in
            try body(
              LabelledRows(
                logits: logits, labels: labels, second: secondLabels.isEmpty ? nil : .init(labels: second, shares: shares),
                weights: self.weights.isEmpty ? nil : .init(weights, denominator: denominator), classifierGram: gram))
          }
        }
      }
    }
  }
}
