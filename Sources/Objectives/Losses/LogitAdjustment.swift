import Foundation

/// Cross-entropy on logits raised by the logarithm of the class's share: z_k + t log(n_k). Evaluation uses z as it is.
///
/// n_k are the labelled pixels of the whole training split, at least 1. Gradient: softmax(z + t log n) - onehot(y).
/// Settings: `temperature` t, default 1, which is Balanced Softmax; `homogenization` and its companions (default none).
/// Source: Menon et al., arXiv:2007.07314.
enum LogitAdjustment {
  static let entry = ObjectiveRegistry.Entry(
    name: "logitAdjustment", summary: "cross-entropy on logits plus t times the logarithm of class frequencies"
  ) { settings, context in
    let strength = try settings.number("temperature", default: 1, in: 0...100)
    return try make(settings, context, strength: strength)
  }

  static func make(_ settings: SettingsReader, _ context: ObjectiveContext, strength: Double) throws -> any Objective {
    let counts = try context.flooredCounts(for: settings.objective)
    let total = counts.reduce(0, +)
    return SoftmaxObjective(
      name: settings.objective, classes: context.classes, term: Term(offsets: counts.map { Float(strength * log($0 / total)) }),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }

  struct Term: SoftmaxTerm {
    let offsets: [Float]

    @inline(__always)
    func adjust(_ tile: Tile, step: TermStep) {
      offsets.withUnsafeBufferPointer { offsets in
        for k in 0..<tile.classes { tile.values[k] += Lanes(repeating: offsets[k]) }
      }
    }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
