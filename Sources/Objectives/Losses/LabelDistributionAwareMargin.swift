import Foundation
import Settings

/// Label-distribution-aware margin loss (LDAM): cross-entropy on s (z - d_y e_y), a margin on the true class that is wider for rare ones.
///
/// d_k = maximumMargin n_k^(-1/4) / max_j n_j^(-1/4), with n_k the training pixels of class k, at least 1.
/// Gradient: s (softmax(s (z - d_y e_y)) - onehot(y)). The paper's classifier gives cosines, to which s = 30 belongs.
///
/// Source: Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413.
package enum LabelDistributionAwareMargin {
  /// Whether classes are weighted besides.
  enum Reweighting: String, Choice { case none, deferred }

  struct Settings: Section {
    var maximumMargin = 0.5
    var scale = 30.0
    var reweighting = Reweighting.none
    var weights = DeferredReweighting.Weights()
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("maximumMargin", &maximumMargin, "margin of the rarest class", .between(0, 1e3))
      visitor.key("scale", &scale, "s, which logits are multiplied by; 30 is for classifiers that give cosines", .between(1e-3, 1e3))
      visitor.key("reweighting", &reweighting, "deferred weights classes by their effective number from fromEpoch on")
      weights.visit(&visitor)
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "ldam", summary: "cross-entropy with wider margins for rarer classes; with deferred re-weighting if wanted",
    about: "The true class has to win by a margin that is wider the rarer it is. With deferred weights it is the paper's LDAM-DRW.",
    source: "Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413", settings: Settings()
  ) { settings, context in
    let counts = try context.flooredCounts(for: "ldam")
    var options = try settings.weights.options("ldam", context)
    if settings.reweighting == .none { options.classWeights = nil }
    let term = Term(margins: margins(counts: counts, maximum: settings.maximumMargin), scale: Float(settings.scale))
    return try SoftmaxObjective.make("ldam", settings.softmax, context, term: term, options: options)
  }

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
      let numbers = LaneNumbers(tile.values)
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
