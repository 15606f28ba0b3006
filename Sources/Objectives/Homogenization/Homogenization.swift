import Tensors

/// Class-wise homogenization of gradient magnitudes: every class of the batch has the same part in the step.
///
/// The paper says what it is for and gives no rule. There are two readings. By norms: with G_k the norm of the gradient of class k over the
/// global batch, the rows of class k are multiplied by M / G_k, at most `maximumScale`; classes without gradient in the batch are left out.
/// G_k^2 is a sum over rows, hence exact over ranks at the cost of C numbers. By masks: each class counts with the mean over its own
/// pixels, and the loss is the mean of those means, see `Target.maskSize`.
/// Everything below the logits is driven by the scaled rows, the classifier included (RotoGrad leaves heads alone).
/// Source: PAT, arXiv:2404.05393 v1; RotoGrad, arXiv:2103.02631.
public struct Homogenization: Sendable {
  /// Where the gradient's norm is taken.
  public enum Statistic: String, Sendable, CaseIterable {
    /// At the logits, the objective's own pixel weights included.
    case logits
    /// At the classifier's input: g' (W W') g for each row.
    case features
  }

  /// How the common norm M follows from the norms G of the P present classes, or that sizes of masks count instead of norms.
  public enum Target: String, Sendable, CaseIterable {
    /// M = sqrt(sum G_k^2 / P): the root of the sum of squares stays as it was.
    case rootMeanSquare
    /// M = sum G_k / P.
    case mean
    /// M = sum_k alpha_k G_k with alpha_k = r_k / sum_j r_j and r_k = G_k / G_k^0, where G_k^0 is the norm at the class's first appearance.
    case rotograd
    /// No norms: with n_k the pixels of class k in the global batch and N = sum n_k, the rows of class k are multiplied by N / (P n_k).
    /// A sum over pixels divided by N becomes the mean over the P present classes of the mean over each class's own pixels.
    case maskSize
  }

  /// Where norms are taken.
  public let statistic: Statistic
  /// The common norm.
  public let target: Target
  /// No class is multiplied by more.
  public let maximumScale: Double
  /// For `rotograd`: the finite training step, counted from 0, at which the initial norms are taken anew.
  public let burnIn: Int

  private var initialNorms: [Double]
  private var steps = 0

  /// Begins without initial norms.
  /// - Parameters:
  ///   - classes: C.
  ///   - statistic: where norms are taken.
  ///   - target: the common norm.
  ///   - maximumScale: the largest factor; infinity for none.
  ///   - burnIn: see `burnIn`.
  public init(classes: Int, statistic: Statistic = .logits, target: Target = .rootMeanSquare, maximumScale: Double = 20, burnIn: Int = 20) {
    self.statistic = statistic
    self.target = target
    self.maximumScale = maximumScale
    self.burnIn = burnIn
    initialNorms = Array(repeating: 0, count: classes)
  }

  /// The scale of each class, 0 for classes without gradient, or without pixels where masks count.
  /// - Parameters:
  ///   - norms: G, one a class, finite.
  ///   - pixels: n, one a class: sums of weights where rows have any.
  ///   - advance: whether this is a training step, which takes initial norms and counts.
  public mutating func scales(norms: [Double], pixels: [Double], advance: Bool) -> [Double] {
    let present = norms.indices.filter { norms[$0] > 0 }
    if advance && target == .rotograd { takeInitialNorms(norms, present) }
    if present.isEmpty && target != .maskSize { return Array(repeating: 0, count: norms.count) }
    let goal: Double
    switch target {
    case .rootMeanSquare:
      goal = (present.reduce(0) { $0 + norms[$1] * norms[$1] } / Double(present.count)).squareRoot()
    case .mean:
      goal = present.reduce(0) { $0 + norms[$1] } / Double(present.count)
    case .rotograd:
      let ratios = present.map { initialNorms[$0] > 0 ? norms[$0] / initialNorms[$0] : 1 }
      goal = zip(ratios, present).reduce(0) { $0 + $1.0 * norms[$1.1] } / ratios.reduce(0, +)
    case .maskSize: return scales(pixels: pixels)
    }
    return norms.map { $0 > 0 ? min(goal / $0, maximumScale) : 0 }
  }

  /// The scales, where a column may be not a class: it is left out, and its scale is 1.
  mutating func scales(norms: [Double], pixels: [Double], unscaled: Int?, advance: Bool) -> [Double] {
    guard let unscaled else { return scales(norms: norms, pixels: pixels, advance: advance) }
    var (own, ownPixels) = (norms, pixels)
    (own[unscaled], ownPixels[unscaled]) = (0, 0)
    var result = scales(norms: own, pixels: ownPixels, advance: advance)
    result[unscaled] = 1
    return result
  }

  /// Takes in a training step that is accepted; what the step was scaled by.
  @discardableResult
  mutating func scales(of result: StepResult, unscaled: Int? = nil) -> [Double] {
    scales(norms: result.gradientNormPerClass, pixels: result.pixelsPerClass.map(Double.init), unscaled: unscaled, advance: true)
  }

  private func scales(pixels: [Double]) -> [Double] {
    let mean = pixels.reduce(0, +) / Double(max(1, pixels.count { $0 > 0 }))
    return pixels.map { $0 > 0 ? min(mean / $0, maximumScale) : 0 }
  }

  private mutating func takeInitialNorms(_ norms: [Double], _ present: [Int]) {
    // A class that is absent at the burn-in is taken anew when it appears next.
    if steps == burnIn { initialNorms = Array(repeating: 0, count: initialNorms.count) }
    for k in present where initialNorms[k] == 0 { initialNorms[k] = norms[k] }
    steps += 1
  }

  /// Initial norms and the count of steps, for `rotograd`; nothing for the targets without memory.
  public var state: [String: [Double]] {
    var (copy, state) = (self, [String: [Double]]())
    copy.visitState { leaf, numbers in state[leaf.name] = numbers }
    return state
  }

  /// Hands over initial norms and the count of steps, for `rotograd`; nothing for the targets without memory.
  mutating func visitState(_ visit: (RunningStateRow, inout [Double]) throws -> Void) rethrows {
    guard target == .rotograd else { return }
    try visit(RunningStateRow("homogenization.initialNorms"), &initialNorms)
    var count = [Double(steps)]
    try visit(RunningStateRow("homogenization.steps", .whole), &count)
    steps = Int(count[0])
  }
}
