import Settings
import Tensors

/// A weighted sum of objectives: sum_t w_t L_t, each with its own denominator, state and rounds.
///
/// Every term leaves its gradient in memory of its own; after the one sum over the ranks they are added with their global factors.
/// Inner products of the terms' gradients, by class, are summed too, so that the norms of the sum's class gradients are exact, and
/// homogenization can act on the sum.
///
/// Rounds: the terms' vectors one after the other, with T (T + 1) / 2 C products in the last; the terms' last rounds are one.
/// Working memory: one float a row, class and term.
enum WeightedSum {
  /// Terms in one sum.
  static let largestCount = 8

  struct Settings: Section {
    var terms = WeightedTerms.standard
    var homogenization = HomogenizationSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("terms", &terms, "1 to \(largestCount) objectives with their weights, and their own settings if wanted")
      homogenization.visit(&visitor)
    }

    func contradictions() -> [Contradiction] {
      guard homogenization.target != .none, homogenization.statistic == .features else { return [] }
      return [Contradiction("statistic", "that of a sum's homogenization is taken at the logits; set it to logits")]
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "weightedSum", summary: "several objectives added with weights",
    about: "For several aims at once: cross-entropy, which gets the network going, with Dice or Lovász-softmax, which count classes alike.",
    settings: Settings(), check: check
  ) { settings, context in
    let terms = try settings.terms.terms.map { term -> WeightedSumObjective.Term in
      let objective = try ObjectiveRegistry.make(term.name, settings: term.settings, context: context)
      guard let objective = objective as? any TermObjective else {
        throw LongtailError(
          .usage, "objective weightedSum: '\(term.name)' cannot be a term of a sum", advice: "Leave it out of the terms.")
      }
      return WeightedSumObjective.Term(objective: objective, weight: term.weight)
    }
    return try WeightedSumObjective(
      name: "weightedSum", classes: context.classes, terms: terms,
      homogenization: settings.homogenization.homogenization(classes: context.classes))
  }

  /// Looks at names and settings of the terms.
  @Sendable private static func check(_ settings: Settings) throws {
    for term in settings.terms.terms {
      if term.name == "weightedSum" {
        throw LongtailError(.usage, "objective weightedSum: a term is itself a weightedSum", advice: "List all terms in one sum.")
      }
      try ObjectiveRegistry.check(term.name, settings: term.settings)
    }
  }
}
