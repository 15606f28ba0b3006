/// Cross-entropy: -log q, averaged over the valid pixels of the global batch. Gradient: p - onehot(y).
///
/// Settings: `homogenization` and its companions (default none).
enum CrossEntropy {
  static let entry = ObjectiveRegistry.Entry(name: "crossEntropy", summary: "cross-entropy, the mean over valid pixels") {
    settings, context in
    SoftmaxObjective(
      name: settings.objective, classes: context.classes, term: Term(),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }

  struct Term: SoftmaxTerm {
    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}
