import Tensors

/// One rank with one thread, one with several, and several ranks with one thread each: what ranks gain on the same cores.
///
/// Scaling is weak: each rank has the same number of images b, so one rank of p threads works on p b images as p ranks together do.
/// With T(r, t) the median step of r ranks with t threads, efficiency is T(1, 1) / T(p, 1).
package struct ScalingReport: Sendable {
  /// One way to use the cores.
  package struct Part: Sendable {
    /// Number of ranks.
    package var ranks: Int
    /// Compute threads of each.
    package var threads: Int
    /// Images of a step.
    package var batch: Int
    /// One measurement a round, in the order of the rounds.
    package var rounds: [StepFigures]

    /// Describes a part without measurements.
    package init(ranks: Int, threads: Int, batch: Int, rounds: [StepFigures] = []) {
      (self.ranks, self.threads, self.batch, self.rounds) = (ranks, threads, batch, rounds)
    }

    /// The median over the steps of all rounds, in seconds.
    package var medianStep: Double { rounds.flatMap(\.steps).median ?? 0 }
    /// Images of a step divided by the median step.
    package var imagesPerSecond: Double { Double(batch) / medianStep }
    /// The share of the sums over ranks in a step: the median over the rounds.
    package var reductionShare: Double { rounds.map(\.reductionShare).median ?? 0 }
  }

  /// One rank, one thread.
  package var single: Part
  /// One rank with as many threads as there are ranks in `ranks`.
  package var threads: Part
  /// Ranks with a thread each.
  package var ranks: Part
  /// As many processes as there are ranks, of one thread each and at the same time, that share nothing: what memory, caches and clock
  /// rates of the machine leave to each, before any rank waits for another. Not needed for the rest.
  package var independent: Part

  /// The three parts for p ranks of b images.
  /// - Throws: `LongtailError` with code `usage` for fewer than 2 ranks or no image.
  package init(ranks count: Int, batchPerRank: Int) throws {
    guard count >= 2 else {
      throw LongtailError(
        .usage, "bench scale compares several ranks with one, but \(count) would be used",
        advice: "--ranks says how many; a machine with one core has nothing to scale to.")
    }
    guard batchPerRank >= 1 else { throw LongtailError(.usage, "--batch-per-rank is \(batchPerRank), but has to be at least 1") }
    single = Part(ranks: 1, threads: 1, batch: batchPerRank)
    threads = Part(ranks: 1, threads: count, batch: batchPerRank * count)
    ranks = Part(ranks: count, threads: 1, batch: batchPerRank * count)
    independent = Part(ranks: 1, threads: 1, batch: batchPerRank)
  }

  /// The parts in the order in which they are measured.
  package static let parts: [WritableKeyPath<ScalingReport, Part> & Sendable] = [\.single, \.threads, \.ranks]

  /// Adds a measurement to the part that it is of.
  /// - Throws: `LongtailError` with code `usage` if it is of none of them, or of another network.
  package mutating func add(_ figures: StepFigures, name: String) throws {
    let all = ScalingReport.parts.flatMap { self[keyPath: $0].rounds }
    if let other = all.first, (other.model, other.width, other.height) != (figures.model, figures.width, figures.height) {
      throw LongtailError(
        .usage,
        "\(name) is of \(figures.model) at \(figures.width)x\(figures.height), the others of \(other.model) at "
          + "\(other.width)x\(other.height)")
    }
    for part in ScalingReport.parts {
      let wanted = self[keyPath: part]
      guard (wanted.ranks, wanted.threads, wanted.batch) == (figures.ranks, figures.threads, figures.batch) else { continue }
      self[keyPath: part].rounds.append(figures)
      return
    }
    let wanted = ScalingReport.parts.map { self[keyPath: $0] }
      .map { "\($0.ranks) x \($0.threads) with \($0.batch)" }.joined(separator: ", ")
    throw LongtailError(
      .usage, "\(name) is of \(figures.ranks) ranks x \(figures.threads) threads with \(figures.batch) images, which is none of \(wanted)",
      advice: "--ranks and --batch-per-rank say what is compared.")
  }

  /// Whether each part has a measurement.
  package var isComplete: Bool { ScalingReport.parts.allSatisfy { !self[keyPath: $0].rounds.isEmpty } }
  /// T(1, 1) / T(p, 1): 1 where ranks cost nothing.
  package var efficiency: Double { single.medianStep / ranks.medianStep }
  /// T(1, 1) / T(1, p) at p times the images: what threads keep.
  package var threadEfficiency: Double { single.medianStep / threads.medianStep }
  /// T(1, 1) / T of the independent processes: the efficiency that the machine allows; nil where they were not measured.
  package var machineEfficiency: Double? { independent.rounds.isEmpty ? nil : single.medianStep / independent.medianStep }
  /// T(1, p) / T(p, 1): above 1 where ranks are faster than threads.
  package var ranksOverThreads: Double { threads.medianStep / ranks.medianStep }
}
