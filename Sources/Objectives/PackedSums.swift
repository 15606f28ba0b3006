/// What a step has summed over the ranks for one objective, a vector a round.
///
/// The sums are handed back as arguments; an objective remembers nothing of them between its calls.
public struct PackedSums: Sendable {
  /// The sums of each round so far, in order. Where a loss is only looked at, those of the last round alone.
  public private(set) var rounds: [ArraySlice<Double>]

  /// Sums of no round yet.
  public init() { rounds = [] }

  /// Sums of the rounds, in order.
  public init(_ rounds: [ArraySlice<Double>]) { self.rounds = rounds }

  /// The sums of a single round, which is all that evaluation has.
  public init(_ round: [Double]) { rounds = [round[...]] }

  /// Adds the sums of the next round.
  public mutating func append(_ round: ArraySlice<Double>) { rounds.append(round) }

  /// The sums of the round before the last, which evaluation goes without.
  var beforeLast: ArraySlice<Double>? { rounds.count >= 2 ? rounds[rounds.count - 2] : nil }
}

extension ArraySlice<Double> {
  /// A number by its place in the slice, whatever index the slice begins with.
  func number(_ place: Int) -> Double { self[startIndex + place] }

  /// Numbers by their places in the slice.
  func numbers(_ places: Range<Int>) -> ArraySlice<Double> { self[(startIndex + places.lowerBound)..<(startIndex + places.upperBound)] }
}
