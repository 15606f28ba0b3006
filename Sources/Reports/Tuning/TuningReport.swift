import Tasks

/// What a search over keys of a configuration has found: every candidate with its values and scores, and what mattered.
package struct TuningReport: Sendable {
  /// A key that was searched.
  package struct Key: Sendable, Equatable {
    /// How its values lie.
    package enum Scale: Sendable, Equatable {
      /// Single values, in this order.
      case values([String])
      /// Numbers.
      case numbers
      /// Numbers whose ratios count.
      case ratios
    }

    /// Its name.
    package var name: String
    /// How its values lie.
    package var scale: Scale

    package init(_ name: String, _ scale: Scale) { (self.name, self.scale) = (name, scale) }
  }

  /// One run of a candidate.
  package struct Run: Sendable {
    /// The fold that it was judged on; nil without folds.
    package var fold: Int?
    /// The seed.
    package var seed: Int
    /// The score at each rung that it has reached; nil where it is undefined.
    package var scores: [Double?] = []
    /// The score after each evaluation, with the epoch.
    package var curve: [(epoch: Double, score: Double)] = []

    /// A run that has not begun.
    package init(fold: Int?, seed: Int) { (self.fold, self.seed) = (fold, seed) }
  }

  /// A configuration that was tried.
  package struct Candidate: Sendable {
    /// The name, which its runs' directories begin with.
    package var name: String
    /// A value for each key, as YAML.
    package var values: [String]
    /// Its runs: the same folds and seeds for all candidates, in the same order.
    package var runs: [Run]
    /// The share of its epochs that each rung really trains up to, because a rung ends with an evaluation; empty where it is the rung's own.
    package var shares: [Double] = []
    /// Why it dropped out beside its score, such as a loss that ran away.
    package var failure: String?

    /// A candidate that has not begun.
    package init(name: String, values: [String], runs: [Run]) { (self.name, self.values, self.runs) = (name, values, runs) }

    /// How many rungs all of its runs have reached.
    package var rung: Int { runs.map(\.scores.count).min() ?? 0 }

    /// Mean and deviation of its score over its runs at a rung; without a value where a run has not reached it.
    package func statistics(atRung rung: Int) -> SampleStatistics {
      SampleStatistics(rung < self.rung ? runs.map { $0.scores[rung] } : [])
    }

    /// The score that it is judged by at a rung: the mean over its runs; nil where it failed or has no value.
    package func score(atRung rung: Int) -> Double? { failure == nil ? statistics(atRung: rung).mean : nil }
  }

  /// A step of successive halving.
  package struct Rung: Sendable, Equatable {
    /// The share of the whole run's epochs that it trains up to at least.
    package var share: Double
    /// How many candidates it begins with.
    package var candidates: Int

    package init(share: Double, candidates: Int) { (self.share, self.candidates) = (share, candidates) }
  }

  /// The heading.
  package var title: String
  /// The kind of score that candidates are judged by.
  package var score: ScoreKind
  /// What it is of.
  package var subject: Score.Subject
  /// What was searched.
  package var keys: [Key]
  /// What was tried.
  package var candidates: [Candidate]
  /// The rungs.
  package var rungs: [Rung]
  /// How many rungs are done.
  package var doneRungs = 0
  /// What a reader has to know beside the numbers.
  package var notes: [String] = []

  /// Begins a report.
  package init(
    title: String, score: ScoreKind, of subject: Score.Subject, keys: [Key], candidates: [Candidate], rungs: [Rung]
  ) {
    (self.title, self.score, self.subject) = (title, score, subject)
    (self.keys, self.candidates, self.rungs) = (keys, candidates, rungs)
  }

  /// The score as people read it.
  package var scoreTitle: String { score.title(of: subject) }

  /// Whether runs were judged on folds of the training samples.
  var hasFolds: Bool { candidates.contains { $0.runs.contains { $0.fold != nil } } }

  /// The share of its epochs that a candidate is trained up to at a rung.
  func share(of candidate: Candidate, atRung rung: Int) -> Double {
    rung < candidate.shares.count ? candidate.shares[rung] : rungs[rung].share
  }

  /// The mean over all candidates of what each rung trains up to.
  package var meanShares: [Double] {
    rungs.indices.map { rung in
      candidates.isEmpty ? rungs[rung].share : candidates.reduce(0) { $0 + share(of: $1, atRung: rung) } / Double(candidates.count)
    }
  }

  /// That a rung trains longer than was asked for, in a sentence; nil where none does by more than a hundredth.
  package var longerRungs: String? {
    let longer = rungs.indices.filter { meanShares[$0] > rungs[$0].share + 0.01 }
    guard !longer.isEmpty else { return nil }
    let each = longer.map { rung in
      "rung \(rung + 1) up to \(title(ofRung: rung)), not \(ChartStyle.label((rungs[rung].share * 1000).rounded() / 10)) %"
    }
    return "A rung ends with an evaluation: \(each.joined(separator: "; ")). A smaller evaluation.every brings it nearer."
  }

  /// `25 % of the epochs`, `25 to 30 % of the epochs` where candidates differ, or `all epochs`.
  func title(ofRung rung: Int) -> String {
    let shares = candidates.map { (share(of: $0, atRung: rung) * 1000).rounded() / 10 }
    guard let low = shares.min(), let high = shares.max(), low < 100 else { return "all epochs" }
    return "\(low < high ? "\(ChartStyle.label(low)) to " : "")\(ChartStyle.label(high)) % of the epochs"
  }

  /// Places of the candidates, the best first: those that came further before others, in each rung by their score there; those without one
  /// last.
  package var ranking: [Int] {
    func key(_ place: Int) -> (Int, Double, Int) {
      let candidate = candidates[place]
      let rung = min(candidate.rung, doneRungs)
      guard rung > 0, let score = candidate.score(atRung: rung - 1) else { return (candidate.failure == nil ? 1 : 2, 0, place) }
      return (-rung, self.score.direction == .larger ? -score : score, place)
    }
    return candidates.indices.sorted { key($0) < key($1) }
  }

  /// The best candidate of those that came furthest; nil before the first rung is done, and where none has a score.
  package var best: Candidate? {
    guard let first = ranking.first, candidates[first].rung > 0,
      candidates[first].score(atRung: min(candidates[first].rung, doneRungs) - 1) != nil
    else { return nil }
    return candidates[first]
  }
}
