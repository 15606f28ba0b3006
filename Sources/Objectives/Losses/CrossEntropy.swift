/// Cross-entropy: -log q, averaged over the valid pixels of the global batch. Gradient: p - onehot(y).
///
/// Settings: `background`, the column of rows that show none of the classes (default none); `adaptation` and `homogenization` with their
/// companions (default none).
enum CrossEntropy {
  static let entry = ObjectiveRegistry.Entry(name: "crossEntropy", summary: "cross-entropy, the mean over valid pixels") {
    settings, context in
    try SoftmaxObjective.make(
      settings, context, term: Term(), options: .init(background: try settings.background(classes: context.classes)))
  }

  struct Term: SoftmaxTerm {
    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
