import Settings

/// Cross-entropy: -log q, averaged over the valid pixels of the global batch. Gradient: p - onehot(y).
enum CrossEntropy {
  static let entry = ObjectiveRegistry.Entry(
    "crossEntropy", summary: "cross-entropy, the mean over valid pixels",
    about: "What the others are measured against. Every pixel counts the same, so frequent classes make most of the gradient.",
    settings: ColumnSettings()
  ) { settings, context in
    try SoftmaxObjective.make(
      "crossEntropy", settings.softmax, context, term: Term(),
      options: .init(background: try settings.background.checked(classes: context.classes, of: "crossEntropy")))
  }

  struct Term: SoftmaxTerm {
    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
