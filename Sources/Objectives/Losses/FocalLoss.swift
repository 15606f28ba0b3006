/// Focal loss: (1 - q)^g (-log q), averaged over valid pixels. Gradient: ((1 - q)^g - g q (1 - q)^(g - 1) log q) (p - onehot(y)).
///
/// Settings: `gamma`, default 2; `adaptation` and `homogenization` with their companions (default none).
/// Source: Lin, Goyal, Girshick, He, Dollár, ICCV 2017.
enum FocalLoss {
  static let entry = ObjectiveRegistry.Entry(name: "focal", summary: "cross-entropy times (1 - q)^gamma") { settings, context in
    let gamma = try settings.number("gamma", default: 2, in: 0...50)
    return try SoftmaxObjective.make(settings, context, term: Term(gamma: Float(gamma)))
  }

  struct Term: SoftmaxTerm {
    let gamma: Float

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      let one = Lanes(repeating: 1)
      if gamma == 0 { return (one, one) }
      // A floor keeps the logarithm finite; both terms are below float32's resolution of the loss there.
      let smallest = Lanes(repeating: 1e-12)
      let rest = smallest.maximumKeepingNaN(one - probability)
      let logarithm = rest.naturalLogarithm()
      let power = (Lanes(repeating: gamma) * logarithm).exponentialOfNonPositive()
      let slope = (Lanes(repeating: gamma - 1) * logarithm)
      let lower = gamma >= 1 ? slope.exponentialOfNonPositive() : power / rest
      return (power, power - Lanes(repeating: gamma) * probability * logProbability * lower)
    }
  }
}
