import Tensors

/// Class-wise homogenization of gradient magnitudes: every class's gradient gets the same norm M.
///
/// With G_k the norm of the gradient of class k over the global batch, the rows of class k are multiplied by M / G_k, at most `maximumScale`.
/// Classes without gradient in the batch are left out. G_k^2 is a sum over rows, hence exact over ranks at the cost of C numbers.
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

  /// How the common norm M follows from the norms G of the P present classes.
  public enum Target: String, Sendable, CaseIterable {
    /// M = sqrt(sum G_k^2 / P): the root of the sum of squares stays as it was.
    case rootMeanSquare
    /// M = sum G_k / P.
    case mean
    /// M = sum_k alpha_k G_k with alpha_k = r_k / sum_j r_j and r_k = G_k / G_k^0, where G_k^0 is the norm at the class's first appearance.
    case rotograd
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

  /// The scale of each class, 0 for classes without gradient.
  /// - Parameters:
  ///   - norms: G, one a class, finite.
  ///   - advance: whether this is a training step, which takes initial norms and counts.
  public mutating func scales(norms: [Double], advance: Bool) -> [Double] {
    let present = norms.indices.filter { norms[$0] > 0 }
    if advance && target == .rotograd { takeInitialNorms(norms, present) }
    if present.isEmpty { return Array(repeating: 0, count: norms.count) }
    let goal: Double
    switch target {
    case .rootMeanSquare:
      goal = (present.reduce(0) { $0 + norms[$1] * norms[$1] } / Double(present.count)).squareRoot()
    case .mean:
      goal = present.reduce(0) { $0 + norms[$1] } / Double(present.count)
    case .rotograd:
      let ratios = present.map { initialNorms[$0] > 0 ? norms[$0] / initialNorms[$0] : 1 }
      goal = zip(ratios, present).reduce(0) { $0 + $1.0 * norms[$1.1] } / ratios.reduce(0, +)
    }
    return norms.map { $0 > 0 ? min(goal / $0, maximumScale) : 0 }
  }

  /// The scales, where a column may be no class: it is left out, and its scale is 1.
  mutating func scales(norms: [Double], unscaled: Int?, advance: Bool) -> [Double] {
    guard let unscaled else { return scales(norms: norms, advance: advance) }
    var own = norms
    own[unscaled] = 0
    var result = scales(norms: own, advance: advance)
    result[unscaled] = 1
    return result
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
