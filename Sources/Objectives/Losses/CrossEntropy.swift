import Settings

/// Cross-entropy: -log q, averaged over the valid pixels of the global batch. Gradient: p - onehot(y).
///
/// With class weights v the mean is a weighted one: sum v_y l / sum v_y. With smoothed labels t = (1 - e) onehot(y) + e / C the loss of a
/// pixel is -sum_k t_k log p_k and its gradient p - t (Szegedy et al., CVPR 2016, arXiv:1512.00567); ignored pixels stay ignored.
enum CrossEntropy {
  struct Settings: Section {
    var weights = ClassWeighting.none
    var beta = 0.999
    var labelSmoothing = 0.0
    var columns = ColumnSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("weights", &weights, "what the pixels of each class weigh: a rule over the training split's counts, or a number a class")
      visitor.key(
        "beta", &beta, "for effectiveNumber: b; the effective number of a class's images is (1 - b^n) / (1 - b)",
        .between(0, 0.999_999_999_999))
      visitor.key("labelSmoothing", &labelSmoothing, "e, the share of a label that all classes have together", .between(0, 1))
      columns.visit(&visitor)
    }

    func contradictions() -> [Contradiction] {
      var found: [Contradiction] = []
      if labelSmoothing > 0, columns.softmax.adaptation != .none {
        found.append(Contradiction("labelSmoothing", "PCLA's weight is one of plain labels; set labelSmoothing to 0 or adaptation to none"))
      }
      if case .rule = weights, columns.background != .none {
        found.append(Contradiction("weights", "no count tells how many rows of background there are; list a weight for each column"))
      }
      return found
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "crossEntropy", summary: "cross-entropy, the mean over valid pixels; classes may have weights",
    about: "What the others are measured against. Every pixel counts the same, so frequent classes make most of the gradient.",
    settings: Settings()
  ) { settings, context in
    let options = SoftmaxObjective.Options(
      classWeights: try settings.weights.weights(context, beta: settings.beta, of: "crossEntropy"),
      background: try settings.columns.background.checked(classes: context.classes, of: "crossEntropy"))
    let smoothing = Float(settings.labelSmoothing)
    return smoothing == 0
      ? try SoftmaxObjective.make("crossEntropy", settings.columns.softmax, context, term: Term(), options: options)
      : try SoftmaxObjective.make(
        "crossEntropy", settings.columns.softmax, context, term: SmoothedTerm(smoothing: smoothing), options: options)
  }

  struct Term: SoftmaxTerm {
    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }

  /// Cross-entropy with smoothed labels.
  struct SmoothedTerm: SoftmaxTerm {
    @inline(__always) static var smoothsLabels: Bool { true }
    let smoothing: Float

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
