import Foundation
import Tasks
import Tensors

/// How a search shares out its time: all candidates are trained for a part of the epochs, the better ones for more, and so on.
///
/// Every run follows the schedule of the whole run, so that a rung shows a run on its way, not a short one.
/// Source: Jamieson, Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016, algorithm 1, with
/// rungs and share as they are given here.
package struct SuccessiveHalving: Sendable, Equatable {
  /// The share of the whole run's epochs that each rung trains up to, rising.
  package let rungs: [Double]
  /// The share of a rung's candidates that goes on to the next one, at least one of them.
  package let keep: Double

  /// Checks the numbers.
  /// - Throws: `LongtailError(.usage)` for rungs that do not rise from above 0 to at most 1, and a share that is not above 0 and at most 1.
  package init(rungs: [Double], keep: Double) throws {
    guard !rungs.isEmpty, rungs.allSatisfy({ $0 > 0 && $0 <= 1 }), zip(rungs, rungs.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw LongtailError(
        .usage, "--rungs: shares of the epochs rise from above 0 to at most 1", advice: "For example --rungs 1/4,1/2,1.")
    }
    guard keep > 0, keep <= 1 else {
      throw LongtailError(.usage, "--keep is \(keep), but has to be above 0 and at most 1", advice: "For example --keep 1/3.")
    }
    (self.rungs, self.keep) = (rungs, keep)
  }

  /// Reads `1/4,1/2,1` and `1/3`.
  package init(rungs: String, keep: String) throws {
    try self.init(
      rungs: rungs.split(separator: ",", omittingEmptySubsequences: false).map { try SuccessiveHalving.number($0, "--rungs") },
      keep: SuccessiveHalving.number(Substring(keep), "--keep"))
  }

  /// How many candidates each rung begins with.
  package func counts(of candidates: Int) -> [Int] {
    var counts: [Int] = []
    for _ in rungs { counts.append(counts.last.map(kept) ?? candidates) }
    return counts
  }

  /// The part of the epochs that the search takes of those that all candidates would take to the end.
  /// - Parameter shares: what each rung really trains up to; by default its own share.
  package func cost(of candidates: Int, upTo shares: [Double]? = nil) -> Double {
    guard candidates > 0 else { return 0 }
    var (sum, done) = (0.0, 0.0)
    for (rung, count) in zip(shares ?? rungs, counts(of: candidates)) {
      sum += (rung - done) * Double(count)
      done = rung
    }
    return sum / Double(candidates)
  }

  /// Places by falling score, the earlier one of equals first. Those without a score are left out.
  package static func ranking(_ scores: [Double?], _ direction: ScoreKind.Direction) -> [Int] {
    let sign = direction == .larger ? -1.0 : 1.0
    let known = scores.enumerated().compactMap { place, score -> (score: Double, place: Int)? in
      guard let score, score.isFinite else { return nil }
      return (sign * score, place)
    }
    return known.sorted { ($0.score, $0.place) < ($1.score, $1.place) }.map(\.place)
  }

  /// Places of the candidates that go on to the next rung, in their order; none without a score does.
  package func survivors(_ scores: [Double?], _ direction: ScoreKind.Direction) -> [Int] {
    SuccessiveHalving.ranking(scores, direction).prefix(kept(scores.count)).sorted()
  }

  private func kept(_ count: Int) -> Int { min(count, max(1, Int((Double(count) * keep - 1e-9).rounded(.up)))) }

  /// A share as people read it: `0.333`, `1`.
  package static func text(_ share: Double) -> String { share == 1 ? "1" : "\((share * 1000).rounded() / 1000)" }

  /// `1/3`, `0.25`.
  private static func number(_ text: Substring, _ option: String) throws -> Double {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0.trimmingCharacters(in: .whitespaces)) }
    if parts.count == 1, let value = parts[0] { return value }
    if parts.count == 2, let above = parts[0], let below = parts[1], below != 0 { return above / below }
    throw LongtailError(.usage, "\(option): '\(text)' is not a number", advice: "Write 1/3 or 0.25.")
  }
}
