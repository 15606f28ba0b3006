import Tensors

/// Labels that are not the index of a class.
public enum RowLabel {
  /// The row does not count: in no sum, in no denominator, and its gradient is exactly 0. Every negative number says so.
  public static let ignored: Int32 = -1
  /// The row shows none of the classes, and there is no column for that, as with the proposals of a detector.
  ///
  /// Losses of sigmoids take all columns as negative, or the column of their `background` setting as the label.
  /// Losses of a softmax refuse such rows: their probabilities add up to 1 over the classes.
  public static let background: Int32 = .max
}

/// Rows of scores, and what each of them is measured against.
///
/// A row has a label, optionally a second label that holds for a share of it, and optionally a weight. One rule says what these mean, for
/// every objective: a row of weight w counts as w rows, and with a second label of share s as two rows with the same scores: one that has
/// the first label and weight w (1 - s), one that has the second and weight w s. So a loss that is a sum over rows becomes
/// w ((1 - s) loss(label) + s loss(second)), and areas, counts, histograms and running statistics are sums of weights. Norms of gradients
/// are those of the weighted gradients. Losses divide by the sum of the weights, unless `Weights.Denominator` says otherwise.
/// Without weights and second labels the numbers are to the bit what they are with weights of 1 and shares of 0.
public struct LabelledRows {
  /// Second labels, as mixup and CutMix give them.
  public struct SecondLabels {
    /// As `LabelledRows.labels`. Where a row's second label is ignored or equals the first, the first counts alone.
    public var labels: UnsafeBufferPointer<Int32>
    /// s, from 0 to 1, one a row.
    public var shares: UnsafeBufferPointer<Float>

    /// Second labels with their shares.
    public init(labels: UnsafeBufferPointer<Int32>, shares: UnsafeBufferPointer<Float>) {
      self.labels = labels
      self.shares = shares
    }
  }

  /// Weights of rows.
  public struct Weights {
    /// What a mean over rows is divided by.
    public enum Denominator: Sendable {
      /// The sum of the weights: the mean is a weighted mean. Weights that are all multiplied by one number change nothing.
      case sum
      /// The number of rows, as without weights: importance weights keep their scale.
      case rows
    }

    /// w, finite and from 0 on, one a row.
    public var values: UnsafeBufferPointer<Float>
    /// What means are divided by, and what counts of rows count.
    public var denominator: Denominator

    /// Weights, one a row.
    public init(_ values: UnsafeBufferPointer<Float>, denominator: Denominator = .sum) {
      self.values = values
      self.denominator = denominator
    }
  }

  /// The scores, one row a pixel or sample, in any layout.
  public var logits: RowsView
  /// The index of a class for each row in the order of the rows, or a number of `RowLabel`.
  public var labels: UnsafeBufferPointer<Int32>
  /// Second labels; nil for none.
  public var second: SecondLabels?
  /// Weights; nil for 1.
  public var weights: Weights?
  /// W W' of the classifier that made the scores, C x C row-major, for objectives that ask for it: see `ClassifierGram`.
  public var classifierGram: [Double]?

  /// Rows and what they are measured against. The pointers have to stay valid as long as the value is used.
  public init(
    logits: RowsView, labels: UnsafeBufferPointer<Int32>, second: SecondLabels? = nil, weights: Weights? = nil,
    classifierGram: [Double]? = nil
  ) {
    self.logits = logits
    self.labels = labels
    self.second = second
    self.weights = weights
    self.classifierGram = classifierGram
  }

  /// Whether rows differ in weight, so that the slower passes are needed.
  var hasExtras: Bool { second != nil || weights != nil }

  /// Throws unless there is one label, share and weight a row.
  func checkCounts() throws {
    let counts = [
      ("labels", labels.count), ("second labels", second?.labels.count ?? logits.rows), ("shares", second?.shares.count ?? logits.rows),
      ("weights", weights?.values.count ?? logits.rows),
    ]
    for (what, count) in counts where count != logits.rows {
      throw LongtailError(.internalError, "\(count) \(what) for \(logits.rows) rows of logits")
    }
  }
}
