/// What is known after the packed vectors were summed over the ranks; equal on every rank.
///
/// Where rows have weights or second labels, numbers of pixels are sums of them (see `LabelledRows`), rounded to whole ones.
public struct StepResult: Sendable, Equatable {
  /// What is known of rows that show none of the classes, see `RowLabel.background`. Homogenization leaves them as they are.
  /// Where background has a column, they count as rows of its class; then all is 0 here but the factor.
  public struct Background: Sendable, Equatable {
    /// Their share in the loss.
    public var loss: Double
    /// How many there are, over all ranks.
    public var rows: Int
    /// Norm of their gradient of the loss, over all ranks.
    public var gradientNorm: Double
    /// What `complete` multiplies them by.
    public var factor: Double
  }

  /// The objective's value over the global batch, before homogenization; 0 if no pixel is valid, not-a-number if `isFinite` is false.
  public var loss: Double
  /// The value with every class multiplied by its `scalePerClass`: what the gradient belongs to, with the scales held fixed,
  /// where the loss is a sum over pixels. (In a weighted sum with region losses, scales act on the rows of a class, losses are of columns.)
  public var scaledLoss: Double
  /// The share of each class in `loss`, which is their sum (and background's share): of its pixels, or of its column where a loss adds up
  /// over classes.
  public var lossPerClass: [Double]
  /// Pixels (rows) whose label is not ignored, over all ranks.
  public var validPixels: Int
  /// Valid pixels of each class, over all ranks.
  public var pixelsPerClass: [Int]
  /// Norm of each class's gradient of `loss` before homogenization, over all ranks; 0 for an absent class.
  public var gradientNormPerClass: [Double]
  /// Homogenization's scale of each class: 1 without it, 0 for a class without gradient (or without pixels) in this batch. In a weighted sum,
  /// what the norm of the class's gradient is multiplied by, whether the sum or a term of it does so.
  public var scalePerClass: [Double]
  /// What `complete` multiplies the rows of each class by: class weight, scale and global denominator together.
  public var factorPerClass: [Double]
  /// False if any sum is infinite or not a number. The factors are 0 then, so that the rows of the gradient become 0.
  public var isFinite: Bool
  /// Rows without a class, for objectives that take such rows; nil for others.
  public var background: Background?
  /// In a weighted sum, what the rows of each term are multiplied by: one factor a class and one for background, term after term.
  var termFactors: [Double] = []

  /// The result with a gradient that is multiplied by a number: what a loss with a weight is completed with. The loss stays as it is.
  public func scalingGradient(by weight: Double) -> StepResult {
    var result = self
    for k in factorPerClass.indices { result.factorPerClass[k] *= weight }
    for i in termFactors.indices { result.termFactors[i] *= weight }
    result.background?.factor *= weight
    return result
  }
}

extension StepResult {
  /// The result of a loss whose gradient is multiplied by one number for all rows, as that of a mean is: class weights, if there are any, are in
  /// the gradient already.
  /// - Parameters:
  ///   - lossPerClass: the share of each class; the loss is their sum.
  ///   - rowsPerClass: rows of each class, over all ranks.
  ///   - factor: what the last round's gradient has to be multiplied by: one over the global denominator.
  ///   - gradientNormPerClass: norm of each class's gradient, over all ranks, for reports; zeros where it was not measured.
  public init(lossPerClass: [Double], rowsPerClass: [Double], factor: Double, gradientNormPerClass: [Double]? = nil) {
    let norms = gradientNormPerClass ?? lossPerClass.map { _ in 0 }
    let isFinite = (lossPerClass + rowsPerClass + norms + [factor]).allSatisfy(\.isFinite)
    let loss = isFinite ? lossPerClass.reduce(0, +) : .nan
    self.init(
      loss: loss, scaledLoss: loss, lossPerClass: lossPerClass, validPixels: ClassSums.whole(rowsPerClass.reduce(0, +)),
      pixelsPerClass: rowsPerClass.map { ClassSums.whole($0) }, gradientNormPerClass: norms,
      scalePerClass: rowsPerClass.map { $0 > 0 ? 1 : 0 }, factorPerClass: lossPerClass.map { _ in isFinite ? factor : 0 },
      isFinite: isFinite)
  }
}

/// Sums over the global batch by the label's class, as every objective's last round begins: C losses, C pixels, C squared gradient norms.
struct ClassSums {
  var losses: [Double]
  var pixels: [Double]
  var squares: [Double]
  /// Loss, rows and squared gradient norm of background.
  var background: (loss: Double, rows: Double, square: Double)?

  init(_ sums: ArraySlice<Double>, classes: Int) {
    losses = Array(sums.numbers(0..<classes))
    pixels = Array(sums.numbers(classes..<(2 * classes)))
    squares = Array(sums.numbers((2 * classes)..<(3 * classes)))
  }

  /// The step's result. With weights v and denominator D the loss is sum v_k S_k / D and the norm of class k is v_k sqrt(Q_k) / D.
  /// - Parameters:
  ///   - weights: v, one a class.
  ///   - denominator: D over all ranks; where it is 0, so is everything else.
  ///   - isFinite: whether all sums are numbers.
  ///   - homogenization: gives the scales of the classes, as if it took in this step.
  ///   - unscaled: a column that is not a class, as that of background: its rows are not scaled, and count in no common norm.
  func result(
    weights: [Double], denominator: Double, isFinite: Bool, homogenization: Homogenization? = nil, unscaled: Int? = nil,
    step: StepContext
  ) -> StepResult {
    var homogenization = homogenization
    let inverse = denominator > 0 ? 1 / denominator : 0
    let norms = zip(weights, squares).map { $0 * max(0, $1).squareRoot() * inverse }
    var scales = Array(repeating: 1.0, count: weights.count)
    if isFinite { scales = homogenization?.scales(norms: norms, pixels: pixels, unscaled: unscaled, advance: step.isTraining) ?? scales }
    let classLosses = zip(weights, losses).map { $0 * $1 * inverse }
    let other = background.map {
      StepResult.Background(
        loss: $0.loss * inverse, rows: ClassSums.whole($0.rows), gradientNorm: max(0, $0.square).squareRoot() * inverse,
        factor: isFinite ? inverse : 0)
    }
    return StepResult(
      loss: isFinite ? classLosses.reduce(0, +) + (other?.loss ?? 0) : .nan,
      scaledLoss: isFinite ? zip(scales, classLosses).reduce(0) { $0 + $1.0 * $1.1 } + (other?.loss ?? 0) : .nan,
      lossPerClass: classLosses, validPixels: ClassSums.whole(pixels.reduce(0, +) + (background?.rows ?? 0)),
      pixelsPerClass: pixels.map { ClassSums.whole($0) },
      gradientNormPerClass: norms, scalePerClass: scales,
      factorPerClass: isFinite ? zip(scales, weights).map { $0 * $1 * inverse } : Array(repeating: 0, count: weights.count),
      isFinite: isFinite, background: other)
  }

  static func whole(_ count: Double) -> Int { Int(exactly: count.rounded()) ?? 0 }
}
