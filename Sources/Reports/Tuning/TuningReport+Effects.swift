import Foundation

extension TuningReport {
  /// Some candidates that have a value of a key in common, or values near each other.
  package struct Level: Sendable {
    /// The value, or the range of values.
    package var title: String
    /// The candidates' values as numbers, or the place among the values.
    var places: [Double]
    /// Mean and deviation over the candidates' scores.
    package var scores: SampleStatistics
    /// The candidates' scores, in the order of `places`.
    var values: [Double]
    /// How many runs these scores are of.
    package var runs: Int
  }

  /// What the values of a key did to the score.
  package struct Effect: Sendable {
    /// The key.
    package var key: Key
    /// Its values.
    package var levels: [Level]
    /// The difference between the best and the worst level; nil where fewer than two have a score.
    package var difference: Double?
    /// The standard deviation that chance alone gives the difference of two such means; nil where it is not known.
    package var noise: Double?
    /// How many times its noise the difference is.
    package var ratio: Double? {
      guard let difference, let noise, noise > 0 else { return nil }
      return difference / noise
    }
  }

  /// How much scores vary that belong together, at the first rung, the only one that all candidates have reached.
  package struct Noise: Sendable, Equatable {
    /// The standard deviation over the runs of one candidate, pooled over all candidates. Nil where each has one run.
    package var ofRuns: Double?
    /// The same when what all candidates share of a fold or seed is taken out: what a difference between two candidates with the same folds
    /// and seeds has of each run. Nil where it is not known.
    package var ofPairs: Double?
  }

  /// The noise at the first rung.
  ///
  /// Within candidates: the sum of squares around each candidate's mean, over the sum of n - 1. For pairs: the residuals of
  /// score = mean + candidate + run, over (candidates - 1)(runs - 1), from the candidates that have all their scores.
  package var noise: Noise {
    let rows = candidates.filter { $0.failure == nil && $0.rung > 0 }.map { $0.runs.map { $0.scores[0] } }
    var (sum, freedom) = (0.0, 0)
    for row in rows {
      let known = row.compactMap { $0 }
      guard known.count > 1 else { continue }
      let mean = known.reduce(0, +) / Double(known.count)
      sum += known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      freedom += known.count - 1
    }
    var noise = Noise(ofRuns: freedom > 0 ? (sum / Double(freedom)).squareRoot() : nil)
    let whole = rows.map { $0.compactMap { $0 } }.filter { $0.count == rows.map(\.count).max() }
    let (count, runs) = (whole.count, whole.first?.count ?? 0)
    guard count > 1, runs > 1 else { return noise }
    let means = whole.map { $0.reduce(0, +) / Double(runs) }
    let shared = (0..<runs).map { run in whole.reduce(0) { $0 + $1[run] } / Double(count) }
    let mean = means.reduce(0, +) / Double(count)
    var residuals = 0.0
    for (row, own) in zip(whole, means) {
      for (value, run) in zip(row, shared) { residuals += (value - own - run + mean) * (value - own - run + mean) }
    }
    noise.ofPairs = (residuals / Double((count - 1) * (runs - 1))).squareRoot()
    return noise
  }

  /// What mattered, the key with the largest difference in units of its noise first; at the first rung, the only one that all candidates
  /// have reached: later ones have only those with good values.
  package var effects: [Effect] {
    let noise = noise.ofPairs ?? noise.ofRuns
    return keys.indices.map { effect(ofKey: $0, noise) }
      .sorted { ($0.ratio ?? $0.difference ?? -1) > ($1.ratio ?? $1.difference ?? -1) }
  }

  private func effect(ofKey k: Int, _ noise: Double?) -> Effect {
    let levels = levels(ofKey: k)
    let known = levels.filter { $0.scores.mean != nil }.sorted { ($0.scores.mean ?? 0) < ($1.scores.mean ?? 0) }
    var effect = Effect(key: keys[k], levels: levels)
    guard known.count > 1, let low = known.first, let high = known.last, let least = low.scores.mean, let most = high.scores.mean
    else { return effect }
    effect.difference = most - least
    effect.noise = noise.map { $0 * (1 / Double(max(1, low.runs)) + 1 / Double(max(1, high.runs))).squareRoot() }
    return effect
  }

  /// The values of a key, each once; numbers of a range in thirds of equal size.
  private func levels(ofKey k: Int) -> [Level] {
    typealias Point = (place: Double, value: String, score: Double?, runs: Int)
    let points: [Point] = candidates.filter { $0.rung > 0 }.map { candidate in
      let value = candidate.values[k]
      var place = Double(value) ?? 0
      if case .values(let values) = keys[k].scale { place = Double(values.firstIndex(of: value) ?? values.count) }
      return (place, value, candidate.score(atRung: 0), candidate.runs.count)
    }
    func level(_ title: String, _ points: some Sequence<Point>) -> Level {
      let known = points.filter { $0.score != nil }
      return Level(
        title: title, places: known.map(\.place), scores: SampleStatistics(known.map(\.score)), values: known.compactMap(\.score),
        runs: known.reduce(0) { $0 + $1.runs })
    }
    if case .values(let values) = keys[k].scale {
      return values.enumerated().map { place, value in level(value, points.filter { $0.place == Double(place) }) }
    }
    let sorted = points.sorted { $0.place < $1.place }
    let parts = min(3, sorted.count)
    return (0..<parts).map { part in
      let own = sorted[part * sorted.count / parts..<(part + 1) * sorted.count / parts]
      let (first, last) = (own.first?.value ?? "", own.last?.value ?? "")
      return level(first == last ? first : "\(first) to \(last)", own)
    }
  }
}
