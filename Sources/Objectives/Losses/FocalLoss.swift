import Settings

/// Focal loss: (1 - q)^g (-log q), averaged over valid pixels. Gradient: ((1 - q)^g - g q (1 - q)^(g - 1) log q) (p - onehot(y)).
///
/// Source: Lin, Goyal, Girshick, He, Dollár, ICCV 2017.
enum FocalLoss {
  struct Settings: Section {
    var gamma = 2.0
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("gamma", &gamma, "g of the weight (1 - q)^g; 0 is cross-entropy", .between(0, 50))
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "focal", summary: "cross-entropy times (1 - q)^gamma",
    about: "Pixels that are right already lose their weight, so that the many easy ones do not drown the few hard ones.",
    source: "Lin, Goyal, Girshick, He, Dollár, ICCV 2017, arXiv:1708.02002", settings: Settings()
  ) { try SoftmaxObjective.make("focal", $0.softmax, $1, term: Term(gamma: Float($0.gamma))) }

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
