import Tensors

/// A term that sees the labels of a part of the global batch alone: all other rows are ignored.
///
/// For steps whose batch consists of several parts, such as drawn images and a meta batch. Which rows belong to the part depends on their
/// places in the global batch, and on no number of ranks. Cost: a copy of the labels.
public final class BatchPartTerm: Term {
  /// What measures the part.
  public let base: any Term
  /// The part: places in the global batch.
  public let part: Range<Int>
  private var labels: [Int32] = []

  /// Narrows a term.
  public init(_ base: any Term, part: Range<Int>) { (self.base, self.part) = (base, part) }

  /// The term's.
  public var name: String { base.name }
  /// The term's.
  public var reads: [PortPlace] { base.reads }
  /// The term's: rows outside of the part get zeros.
  public var writes: [PortPlace] { base.writes }
  /// The term's.
  public var rounds: [Int] { base.rounds }
  /// The term's.
  public var needsClassifierGram: Bool { base.needsClassifierGram }
  /// The part is known by places.
  public var needsPlaces: Bool { true }

  private func withPart<Result>(_ inputs: StepInputs, _ body: (StepInputs) throws -> Result) throws -> Result {
    guard let places = inputs.places else { throw LongtailError(.internalError, "term \(name) does not know the places of its rows") }
    labels = Array(inputs.targets.labels)
    let rows = places.own.isEmpty ? 0 : labels.count / places.own.count
    for (image, place) in places.own.enumerated() where !part.contains(place) {
      for row in image * rows..<(image + 1) * rows { labels[row] = RowLabel.ignored }
    }
    return try labels.withUnsafeBufferPointer { labels in
      var narrowed = inputs
      narrowed.targets.labels = labels
      return try body(narrowed)
    }
  }

  /// The term's, over the part.
  public func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    try withPart(inputs) { try base.measure(round: round, $0, earlier: earlier, into: &packed, at: offset, step: step) }
  }

  /// The term's.
  public func result(_ sums: PackedSums, step: StepContext) throws -> TermResult { try base.result(sums, step: step) }

  /// The term's, over the part.
  public func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    try withPart(inputs) { try base.complete($0, sums, result: result, step: step) }
  }

  /// The term's.
  public func commit(_ sums: PackedSums, step: StepContext) throws { try base.commit(sums, step: step) }

  /// The term's.
  public func describeState(in tree: inout StateTree) { base.describeState(in: &tree) }
}
