import Foundation
import Settings

/// Cross-entropy on logits raised by the logarithm of the class's share: z_k + t log pi_k. Prediction uses z as it is.
///
/// pi_k = n_k / N with n_k the labelled pixels of the whole training split, at least 1. Gradient: softmax(z + t log pi) - onehot(y).
///
/// The column of `background` keeps its logit, and its count is left out of N.
///
/// Source: Menon et al., arXiv:2007.07314.
public enum LogitAdjustment {
  /// Where the prior goes.
  enum Form: String, Choice { case loss, postHoc }

  struct Settings: Section {
    var temperature = 1.0
    var form = Form.loss
    var columns = ColumnSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("temperature", &temperature, "t, the strength; 1 is Balanced Softmax", .between(0, 100))
      visitor.key(
        "form", &form,
        "loss adds t log pi to the training logits; postHoc trains with cross-entropy and takes it off where predictions are made")
      columns.visit(&visitor)
    }

    func contradictions() -> [Contradiction] {
      guard form == .postHoc, columns.background != .none else { return [] }
      return [Contradiction("background", "postHoc has no column of background; set background to none")]
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "logitAdjustment", summary: "cross-entropy on logits plus t times the logarithm of class frequencies, or post hoc",
    about: "Balanced Softmax with a strength. Post hoc it leaves training alone and moves the decision, which costs nothing to try.",
    source: "Menon, Jayasumana, Rawat, Jain, Veit, Kumar, ICLR 2021, arXiv:2007.07314", settings: Settings()
  ) { settings, context in
    switch settings.form {
    case .loss: return try make("logitAdjustment", settings.columns, context, strength: settings.temperature)
    case .postHoc:
      let counts = try context.flooredCounts(for: "logitAdjustment")
      let offsets = postHocOffsets(pixelCounts: counts, temperature: settings.temperature)
      return try SoftmaxObjective.make(
        "logitAdjustment", settings.columns.softmax, context, term: CrossEntropy.Term(), options: .init(predictionOffsets: offsets))
    }
  }

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

  static func make(_ name: String, _ settings: ColumnSettings, _ context: ObjectiveContext, strength: Double) throws -> any Objective {
    var counts = try context.flooredCounts(for: name)
    let background = try settings.background.checked(classes: context.classes, of: name)
    if let background { counts[background] = 0 }
    let total = counts.reduce(0, +)
    return try SoftmaxObjective.make(
      name, settings.softmax, context, term: Term(offsets: counts.map { $0 == 0 ? 0 : Float(strength * log($0 / total)) }),
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
