import Foundation

/// Cross-entropy on logits raised by the logarithm of the class's share: z_k + t log pi_k. Prediction uses z as it is.
///
/// pi_k = n_k / N with n_k the labelled pixels of the whole training split, at least 1. Gradient: softmax(z + t log pi) - onehot(y).
///
/// Settings:
/// - `temperature`: t, default 1, which is Balanced Softmax.
/// - `form`: `loss` (default), or `postHoc`: trains with plain cross-entropy, and predicts the largest z_k - t log pi_k.
/// - `background`: the index of a column whose logit stays as it is, and whose count is left out of the total; default none.
/// - `adaptation` and `homogenization` with their companions (default none).
///
/// Source: Menon et al., arXiv:2007.07314.
public enum LogitAdjustment {
  static let entry = ObjectiveRegistry.Entry(
    name: "logitAdjustment", summary: "cross-entropy on logits plus t times the logarithm of class frequencies, or post hoc"
  ) { settings, context in
    let strength = try settings.number("temperature", default: 1, in: 0...100)
    switch try settings.choice("form", default: Form.loss) {
    case .loss: return try make(settings, context, strength: strength)
    case .postHoc:
      let offsets = postHocOffsets(pixelCounts: try context.flooredCounts(for: settings.objective), temperature: strength)
      return try SoftmaxObjective.make(settings, context, term: CrossEntropy.Term(), options: .init(predictionOffsets: offsets))
    }
  }

  private enum Form: String, CaseIterable { case loss, postHoc }

  /// What post-hoc adjustment adds to the logits of a network that was trained without: -t log pi_k.
  ///
  /// Adding them to the classifier's bias is the same.
  /// - Parameters:
  ///   - pixelCounts: n_k over the training split; those below 1 count as 1.
  ///   - temperature: t.
  public static func postHocOffsets(pixelCounts: [Double], temperature: Double = 1) -> [Double] {
    let counts = pixelCounts.map { max(1, $0) }
    let total = counts.reduce(0, +)
    return counts.map { -temperature * log($0 / total) }
  }

  static func make(_ settings: SettingsReader, _ context: ObjectiveContext, strength: Double) throws -> any Objective {
    var counts = try context.flooredCounts(for: settings.objective)
    let background = try settings.background(classes: context.classes)
    if let background { counts[background] = 0 }
    let total = counts.reduce(0, +)
    return try SoftmaxObjective.make(
      settings, context, term: Term(offsets: counts.map { $0 == 0 ? 0 : Float(strength * log($0 / total)) }),
      options: .init(background: background))
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
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
