/// Deferred re-weighting (DRW): plain cross-entropy at first, weighted by the effective number of samples from an epoch on.
///
/// The weights are those of `ClassBalancedLoss`; the weighted mean is divided by the sum of the weights of the valid pixels.
/// There is no state: the epoch says it all.
///
/// Settings:
/// - `fromEpoch`: the first epoch with weights, counted from 0. Default 160, the authors' (of 200).
/// - `beta`: default 0.9999.
/// - `adaptation` and `homogenization` with their companions (default none).
///
/// Source: Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019, arXiv:1906.07413, section 3.3.
enum DeferredReweighting {
  static let entry = ObjectiveRegistry.Entry(
    name: "deferredReweighting", summary: "cross-entropy, weighted by the effective number of pixels from an epoch on (DRW)"
  ) { settings, context in
    let fromEpoch = try settings.number("fromEpoch", default: 160, in: 0...1e9)
    return try SoftmaxObjective.make(
      settings, context, term: CrossEntropy.Term(), options: try options(settings, context, fromEpoch: Int(fromEpoch)))
  }

  /// Reads `beta`, and puts the weights off to an epoch.
  static func options(_ settings: SettingsReader, _ context: ObjectiveContext, fromEpoch: Int) throws -> SoftmaxObjective.Options {
    let beta = try settings.number("beta", default: 0.9999, in: 0...0.999_999_999_999)
    let counts = try context.flooredCounts(for: settings.objective)
    return .init(classWeights: ClassBalancedLoss.weights(counts: counts, beta: beta), weightsFromEpoch: fromEpoch)
  }
}
