import Tensors

/// A weighted sum of objectives: sum_t w_t L_t, each with its own denominator, state and rounds.
///
/// Every term leaves its gradient in memory of its own; after the one sum over the ranks they are added with their global factors.
/// Inner products of the terms' gradients, by class, are summed too, so that the norms of the sum's class gradients are exact, and
/// homogenization can act on the sum.
///
/// Settings:
/// - `terms`: `crossEntropy:1, dice:1` by default; see `SettingsReader.terms`. Names of the registry, `weightedSum` aside.
/// - `homogenization` and its companions for the sum (default none), with statistic `logits`.
///
/// Rounds: the terms' vectors one after the other, with T (T + 1) / 2 C products in the last; the terms' last rounds are one.
/// Working memory: one float a row, class and term.
enum WeightedSum {
  /// Terms in one sum.
  static let largestCount = 8

  static let entry = ObjectiveRegistry.Entry(name: "weightedSum", summary: "several objectives added with weights") { settings, context in
    let descriptions = try settings.terms(default: "crossEntropy:1, dice:1")
    let homogenization = try settings.homogenization(default: nil, classes: context.classes)
    if homogenization?.statistic == .features {
      throw LongtailError(
        .usage, "objective weightedSum: the statistic of a sum's homogenization is taken at the logits", advice: "Set statistic to logits.")
    }
    let terms = try descriptions.map { description -> WeightedSumObjective.Term in
      if description.name == settings.objective {
        throw LongtailError(.usage, "objective weightedSum: a term is itself a weightedSum", advice: "List all terms in one sum.")
      }
      let objective = try ObjectiveRegistry.make(description.name, settings: description.settings, context: context)
      guard let objective = objective as? any TermObjective else {
        throw LongtailError(
          .usage, "objective weightedSum: '\(description.name)' cannot be a term of a sum", advice: "Leave it out of the terms.")
      }
      return WeightedSumObjective.Term(objective: objective, weight: description.weight)
    }
    return try WeightedSumObjective(name: settings.objective, classes: context.classes, terms: terms, homogenization: homogenization)
  }
}
