/// Focal loss: (1 - q)^g (-log q), averaged over valid pixels. Gradient: ((1 - q)^g - g q (1 - q)^(g - 1) log q) (p - onehot(y)).
///
/// Settings: `gamma`, default 2; `homogenization` and its companions (default none).
/// Source: Lin, Goyal, Girshick, He, Dollár, ICCV 2017.
enum FocalLoss {
  static let entry = ObjectiveRegistry.Entry(name: "focal", summary: "cross-entropy times (1 - q)^gamma") { settings, context in
    let gamma = try settings.number("gamma", default: 2, in: 0...50)
    return SoftmaxObjective(
      name: settings.objective, classes: context.classes, term: Term(gamma: Float(gamma)),
      homogenization: try settings.homogenization(default: nil, classes: context.classes))
  }

  struct Term: SoftmaxTerm {
    let gamma: Float

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes) -> (weight: Lanes, factor: Lanes) {
      let one = Lanes(repeating: 1)
      if gamma == 0 { return (one, one) }
      // A floor keeps the logarithm finite; both terms are below float32's resolution of the loss there.
      let smallest = Lanes(repeating: 1e-12)
      let rest = smallest.maximumOfNumbers(one - probability)
      let logarithm = rest.naturalLogarithm()
      let power = (Lanes(repeating: gamma) * logarithm).exponentialOfNonPositive()
      let slope = (Lanes(repeating: gamma - 1) * logarithm)
      let lower = gamma >= 1 ? slope.exponentialOfNonPositive() : power / rest
      return (power, power - Lanes(repeating: gamma) * probability * logProbability * lower)
    }
  }
}

extension SIMD8 where Scalar == Float {
  /// The larger of `self` and `other`; what is not a number in `other` stays.
  @inline(__always)
  fileprivate func maximumOfNumbers(_ other: Lanes) -> Lanes { other.replacing(with: self, where: other .< self) }
}
