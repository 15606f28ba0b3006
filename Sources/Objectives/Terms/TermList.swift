import Tensors

/// The terms of a step, in rounds: what all of them sum over the ranks in a round goes in one vector.
///
/// Terms with fewer rounds than others take part in the last ones, so that all end together.
public struct TermList {
  /// The terms, the main one first.
  public let terms: [any Term]
  /// Numbers that each round sums, in order.
  public let rounds: [Int]

  private struct Part {
    let term: Int
    let round: Int
    let offset: Int
  }
  private let parts: [[Part]]

  /// - Parameter taken: ports whose gradient somebody else writes, with who that is: links between networks.
  /// - Throws: `LongtailError` where two terms write the gradient of one port, or have one name.
  public init(_ terms: [any Term], taken: [PortPlace: String] = [:]) throws {
    self.terms = terms
    let count = terms.map(\.rounds.count).max() ?? 0
    var parts: [[Part]] = []
    var rounds: [Int] = []
    for round in 0..<count {
      var total = 0
      var own: [Part] = []
      for (index, term) in terms.enumerated() {
        let place = round - (count - term.rounds.count)
        guard place >= 0 else { continue }
        own.append(Part(term: index, round: place, offset: total))
        total += term.rounds[place]
      }
      parts.append(own)
      rounds.append(total)
    }
    (self.parts, self.rounds) = (parts, rounds)
    var written = taken
    var names = Set<String>()
    for term in terms {
      guard names.insert(term.name).inserted else {
        throw LongtailError(.usage, "two terms of a step are called '\(term.name)'", advice: "Give each a name of its own.")
      }
      for place in term.writes {
        if let other = written.updateValue(term.name, forKey: place) {
          throw LongtailError(
            .usage, "'\(other)' and term '\(term.name)' both act on port \(place)",
            advice: "Give one of them another port, or take objective weightedSum.")
        }
      }
    }
  }

  /// All terms measure one round.
  /// - Parameters:
  ///   - sums: what each term has summed so far.
  ///   - packed: overwritten; at least as long as the round.
  public func measure(
    round: Int, _ inputs: StepInputs, sums: [PackedSums], into packed: inout [Double], step: StepContext
  ) throws {
    for part in parts[round] {
      try terms[part.term].measure(
        round: part.round, inputs, earlier: sums[part.term], into: &packed, at: part.offset, step: step)
    }
  }

  /// Gives each term its part of a round's sums.
  public func take(round: Int, _ packed: [Double], into sums: inout [PackedSums]) {
    for part in parts[round] {
      sums[part.term].append(packed[part.offset..<part.offset + terms[part.term].rounds[part.round]])
    }
  }

  /// No sums yet, for each term.
  public var noSums: [PackedSums] { terms.map { _ in PackedSums() } }

  /// What each term makes of its sums.
  public func results(_ sums: [PackedSums], step: StepContext) throws -> [TermResult] {
    try zip(terms, sums).map { try $0.result($1, step: step) }
  }

  /// All terms leave their gradients at the ports.
  public func complete(_ inputs: StepInputs, _ sums: [PackedSums], _ results: [TermResult], step: StepContext) throws {
    for (index, term) in terms.enumerated() { try term.complete(inputs, sums[index], result: results[index], step: step) }
  }

  /// All terms take in a step that was accepted.
  public func commit(_ sums: [PackedSums], step: StepContext) throws {
    for (term, sums) in zip(terms, sums) { try term.commit(sums, step: step) }
  }
}
