import Settings

/// Deferred re-weighting (DRW): plain cross-entropy at first, weighted by the effective number of samples from an epoch on.
///
/// The weights are those of `ClassBalancedLoss`; the weighted mean is divided by the sum of the weights of the valid pixels.
/// There is no state: the epoch says it all.
///
/// Source: Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413, section 3.3.
enum DeferredReweighting {
  /// When weights begin, and what they are; LDAM has them too.
  struct Weights: Section {
    var fromEpoch = 160
    var beta = 0.9999

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("fromEpoch", &fromEpoch, "the epoch from which classes are weighted, counted from 0", .atLeast(0))
      visitor.key("beta", &beta, "b of the weights, as in classBalanced", .between(0, 0.999_999_999_999))
    }

    func options(_ objective: String, _ context: ObjectiveContext) throws -> SoftmaxObjective.Options {
      let counts = try context.flooredCounts(for: objective)
      return .init(classWeights: ClassBalancedLoss.weights(counts: counts, beta: beta), weightsFromEpoch: fromEpoch)
    }
  }

  struct Settings: Section {
    var weights = Weights()
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      weights.visit(&visitor)
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "deferredReweighting", summary: "cross-entropy, weighted by the effective number of pixels from an epoch on (DRW)",
    about: "Features are learned from all pixels alike; only then, with a smaller learning rate, do weights move the decision.",
    source: "Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413", settings: Settings()
  ) { settings, context in
    try SoftmaxObjective.make(
      "deferredReweighting", settings.softmax, context, term: CrossEntropy.Term(),
      options: settings.weights.options("deferredReweighting", context))
  }
}
