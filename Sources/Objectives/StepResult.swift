/// What is known after the packed vector was summed over the ranks; equal on every rank.
public struct StepResult: Sendable, Equatable {
  /// The objective's value over the global batch, before homogenization; 0 if no pixel is valid, not-a-number if `isFinite` is false.
  public var loss: Double
  /// The value with every class multiplied by its `scalePerClass`: what the gradient belongs to, with the scales held fixed,
  /// where the loss is a sum over pixels. (In a weighted sum with region losses, scales act on the rows of a class, losses are of columns.)
  public var scaledLoss: Double
  /// The share of each class in `loss`, which is their sum: of its pixels, or of its column where a loss adds up over classes.
  public var lossPerClass: [Double]
  /// Pixels (rows) whose label is not ignored, over all ranks.
  public var validPixels: Int
  /// Valid pixels of each class, over all ranks.
  public var pixelsPerClass: [Int]
  /// Norm of each class's gradient of `loss` before homogenization, over all ranks; 0 for an absent class.
  public var gradientNormPerClass: [Double]
  /// Homogenization's scale of each class: 1 without it, 0 for a class without gradient in this batch.
  public var scalePerClass: [Double]
  /// What `complete` multiplies the rows of each class by: class weight, scale and global denominator together.
  public var factorPerClass: [Double]
  /// False if any sum is infinite or not a number. The factors are 0 then, so that the rows of the gradient become 0.
  public var isFinite: Bool
}

/// Sums over the global batch by the label's class, as every objective's packed vector begins: C losses, C pixels, C squared gradient norms.
struct ClassSums {
  var losses: [Double]
  var pixels: [Double]
  var squares: [Double]

  init(packed: [Double], at offset: Int, classes: Int) {
    losses = Array(packed[offset..<(offset + classes)])
    pixels = Array(packed[(offset + classes)..<(offset + 2 * classes)])
    squares = Array(packed[(offset + 2 * classes)..<(offset + 3 * classes)])
  }

  /// The step's result. With weights v and denominator D the loss is sum v_k S_k / D and the norm of class k is v_k sqrt(Q_k) / D.
  /// - Parameters:
  ///   - weights: v, one a class.
  ///   - denominator: D over all ranks; where it is 0, so is everything else.
  ///   - isFinite: whether all sums are numbers.
  ///   - homogenization: gives the scales of the classes, and keeps its memory.
  func result(
    weights: [Double], denominator: Double, isFinite: Bool, homogenization: inout Homogenization?, step: StepContext
  ) -> StepResult {
    let inverse = denominator > 0 ? 1 / denominator : 0
    let norms = zip(weights, squares).map { $0 * max(0, $1).squareRoot() * inverse }
    var scales = Array(repeating: 1.0, count: weights.count)
    if isFinite { scales = homogenization?.scales(norms: norms, advance: step.isTraining) ?? scales }
    let classLosses = zip(weights, losses).map { $0 * $1 * inverse }
    return StepResult(
      loss: isFinite ? classLosses.reduce(0, +) : .nan,
      scaledLoss: isFinite ? zip(scales, classLosses).reduce(0) { $0 + $1.0 * $1.1 } : .nan,
      lossPerClass: classLosses, validPixels: ClassSums.whole(pixels.reduce(0, +)), pixelsPerClass: pixels.map { ClassSums.whole($0) },
      gradientNormPerClass: norms, scalePerClass: scales,
      factorPerClass: isFinite ? zip(scales, weights).map { $0 * $1 * inverse } : Array(repeating: 0, count: weights.count),
      isFinite: isFinite)
  }

  static func whole(_ count: Double) -> Int { Int(exactly: count.rounded()) ?? 0 }
}
