import Foundation

/// Label-distribution-aware margin loss (LDAM): cross-entropy on s (z - d_y e_y), a margin on the true class that is wider for rare ones.
///
/// d_k = maximumMargin n_k^(-1/4) / max_j n_j^(-1/4), with n_k the training pixels of class k, at least 1.
/// Gradient: s (softmax(s (z - d_y e_y)) - onehot(y)). The paper's classifier gives cosines, to which s = 30 belongs.
///
/// Settings:
/// - `maximumMargin`: the margin of the rarest class, default 0.5.
/// - `scale`: s, default 30.
/// - `reweighting`: `none` (default) or `deferred`: with `fromEpoch` (default 160) and `beta` (default 0.9999), see `DeferredReweighting`.
/// - `adaptation` and `homogenization` with their companions (default none).
///
/// Source: Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413.
package enum LabelDistributionAwareMargin {
  static let entry = ObjectiveRegistry.Entry(
    name: "ldam", summary: "cross-entropy with wider margins for rarer classes; with deferred re-weighting if wanted"
  ) { settings, context in
    let maximum = try settings.number("maximumMargin", default: 0.5, in: 0...1e3)
    let scale = try settings.number("scale", default: 30, in: 1e-3...1e3)
    let counts = try context.flooredCounts(for: settings.objective)
    let reweighting = try settings.choice("reweighting", default: Reweighting.none)
    let fromEpoch = try settings.number("fromEpoch", default: 160, in: 0...1e9)
    var options = try DeferredReweighting.options(settings, context, fromEpoch: Int(fromEpoch))
    if reweighting == .none { options.classWeights = nil }
    let term = Term(margins: margins(counts: counts, maximum: maximum), scale: Float(scale))
    return try SoftmaxObjective.make(settings, context, term: term, options: options)
  }

  private enum Reweighting: String, CaseIterable { case none, deferred }

  /// The margin of each class, from counts of at least 1.
  package static func margins(counts: [Double], maximum: Double) -> [Float] {
    let roots = counts.map { pow($0, -0.25) }
    let largest = roots.max() ?? 1
    return roots.map { Float($0 / largest * maximum) }
  }

  struct Term: SoftmaxTerm {
    let margins: [Float]
    let scale: Float

    var logitScale: Float { scale }

    @inline(__always)
    func adjust(_ tile: Tile, step: TermStep) {
      let numbers = UnsafeMutableRawPointer(tile.values).assumingMemoryBound(to: Float.self)
      margins.withUnsafeBufferPointer { margins in
        for lane in 0..<8 where tile.labels[lane] >= 0 {
          let label = Int(tile.labels[lane])
          numbers[label &* 8 &+ lane] -= margins[label]
        }
      }
      for k in 0..<tile.classes { tile.values[k] *= Lanes(repeating: scale) }
    }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
