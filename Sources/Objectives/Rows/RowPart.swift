import Tensors

/// One reading of labelled rows: the rows with their first labels, those with their second ones, or whole rows.
///
/// Every pass reads one part. Rows with second labels are passed twice, once a part, and the sums are added: see `LabelledRows`.
struct RowPart {
  /// Which of the labels counts.
  enum Kind {
    /// The first label, with the weight that the second leaves it.
    case first
    /// The second label, where it counts; other rows are ignored.
    case second
    /// The first label with the whole weight.
    case whole
  }

  /// What a row is in this part.
  struct Entry {
    /// A class, `RowLabel.background`, or negative: ignored.
    var label: Int32
    /// What loss and gradient are multiplied by.
    var weight: Float
    /// What the row counts in denominators and counts.
    var count: Float
  }

  let kind: Kind
  private let labels: UnsafePointer<Int32>?
  private let seconds: UnsafePointer<Int32>?
  private let shares: UnsafePointer<Float>?
  private let weights: UnsafePointer<Float>?
  private let countsWeights: Bool

  init(_ rows: LabelledRows, _ kind: Kind) {
    self.kind = kind
    labels = rows.labels.baseAddress
    seconds = rows.second?.labels.baseAddress
    shares = rows.second?.shares.baseAddress
    weights = rows.weights?.values.baseAddress
    countsWeights = rows.weights?.denominator != .rows
  }

  /// What the row of a number is; the number has to be below the number of rows.
  @inline(__always)
  func entry(at row: Int) -> Entry {
    guard let labels else { return Entry(label: RowLabel.ignored, weight: 0, count: 0) }
    var label = labels[row]
    var share: Float = 0
    if let seconds, let shares, seconds[row] >= 0, seconds[row] != label { share = shares[row] }
    switch kind {
    case .first: share = 1 - share
    case .second: if label >= 0, let seconds { label = share > 0 ? seconds[row] : RowLabel.ignored }
    case .whole: share = 1
    }
    let weight = weights.map { $0[row] } ?? 1
    let count = countsWeights ? weight * share : share
    // What weighs nothing is left out altogether, so that numbers that are not finite stay out too.
    if count == 0 { label = RowLabel.ignored }
    return Entry(label: label, weight: weight * share, count: count)
  }

  /// The label that counts in this part; negative = ignored.
  @inline(__always)
  func label(at row: Int) -> Int32 { entry(at: row).label }

  /// Whether what is written for a row makes sense: labels that are classes or background, a share from 0 to 1, a weight from 0 on.
  @inline(__always)
  func isValid(_ row: Int, classes: Int32, takesBackground: Bool) -> Bool {
    func isLabel(_ label: Int32) -> Bool { label < classes || (takesBackground && label == RowLabel.background) }
    guard let labels, isLabel(labels[row]) else { return false }
    if let seconds, let shares, !isLabel(seconds[row]) || !(shares[row] >= 0 && shares[row] <= 1) { return false }
    if let weights, !(weights[row] >= 0 && weights[row].isFinite) { return false }
    return true
  }
}

extension RowPart {
  /// What is written for a row.
  struct Contents {
    var label: Int32
    var second: Int32 = RowLabel.ignored
    var share: Float = 0
    var weight: Float = 1
  }

  func contents(of row: Int) -> Contents {
    Contents(
      label: labels?[row] ?? RowLabel.ignored, second: seconds?[row] ?? RowLabel.ignored, share: shares?[row] ?? 0,
      weight: weights?[row] ?? 1)
  }
}

extension LabelledRows {
  /// The error for an invalid row.
  static func problem(_ row: RowPart.Contents, at place: String, classes: Int) -> LongtailError {
    for (what, label) in [("label", row.label), ("second label", row.second)] where label >= classes {
      if label == RowLabel.background {
        return LongtailError(
          .usage, "the \(what) at \(place) is background, for which this loss has no column",
          advice: "Choose a loss of sigmoids (balancedSigmoid, eqlv2), or give background a class of its own.")
      }
      return LongtailError(
        .badData, "\(what) \(label) at \(place): the network has \(classes) classes, 0 to \(classes - 1)",
        advice: "Map the label in the data set's label map, or to a negative number if it should be ignored.")
    }
    if !(row.share >= 0 && row.share <= 1) {
      return LongtailError(.badData, "the second label at \(place) has a share of \(row.share); shares are numbers from 0 to 1")
    }
    return LongtailError(.badData, "the row of \(place) has weight \(row.weight); weights are finite numbers from 0 on")
  }
}
