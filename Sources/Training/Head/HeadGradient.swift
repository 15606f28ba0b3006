import Collectives
import Objectives
import Tensors

/// The gradient of an objective in a head's weights, over rows of all ranks.
///
/// Sums of the objective are those of all ranks, as in a step of a network; the gradient is one sum of C (d + 1) floats in rank order.
/// Ranks may hold any rows, none included: on another number of ranks the same rows give the same numbers to rounding.
package final class HeadGradient {
  /// The gradient at the scores of this rank's rows, dL/dz of the global loss, n x C row-major: what `LinearHead.products` takes.
  package private(set) var errors = HostBuffer(floatCount: 0)
  /// dL/dW and dL/db over all ranks, in the order of the head's parameters.
  package var matrix: HostBuffer { reduction.buffer }

  /// The head.
  package let head: LinearHead
  /// What is minimized.
  package let objective: any Objective
  private let reduction: any ReducibleBuffer
  private let communicator: any Communicator
  private var scores = HostBuffer(floatCount: 0)

  /// Makes memory for the gradient. Collective.
  package init(
    _ head: LinearHead, _ objective: any Objective, communicator: any Communicator, wirePrecision: Collectives.WirePrecision = .float32
  ) throws {
    (self.head, self.objective, self.communicator) = (head, objective, communicator)
    reduction = try communicator.reducibleBuffer(floatCount: head.parameters.floatCount, wirePrecision: wirePrecision)
  }

  /// Computes errors and matrix at the head as it is; changes no state. Collective.
  /// - Returns: what the objective knows of the rows of all ranks, and its sums for `Objective.commit`. Where it is not finite, errors and
  ///   matrix are not computed.
  /// - Throws: `LongtailError` for rows that do not fit, or from MPI.
  package func compute(_ rows: FeatureRows, step: StepContext) throws -> (result: StepResult, sums: PackedSums) {
    guard rows.values.count == rows.count * head.features else {
      throw LongtailError(
        .internalError, "\(rows.count) rows of \(head.features) features are not \(rows.values.count) numbers")
    }
    let size = rows.count * head.classes
    if scores.floatCount < size { (scores, errors) = (HostBuffer(floatCount: size), HostBuffer(floatCount: size)) }
    func view(_ buffer: HostBuffer) -> RowsView {
      .channelsLast(buffer: buffer, images: rows.count, rowsPerImage: 1, classes: head.classes)
    }
    return try rows.values.withUnsafeBufferPointer { values in
      head.score(values, count: rows.count, into: scores)
      return try rows.withLabelled(view(scores), gram: gram()) { labelled in
        var sums = PackedSums()
        for (round, count) in objective.rounds.enumerated() {
          var packed = [Double](repeating: 0, count: count)
          let gradient = round == objective.rounds.count - 1 ? view(errors) : nil
          try objective.measure(round: round, labelled, gradient: gradient, earlier: sums, into: &packed, at: 0, step: step)
          try communicator.sum(&packed)
          sums.append(packed[...])
        }
        let result = try objective.result(sums, step: step)
        guard result.isFinite else { return (result, sums) }
        try objective.complete(gradient: view(errors), labelled, result: result)
        head.outerProducts(errors, values, count: rows.count, into: reduction.buffer)
        try reduction.sum()
        return (result, sums)
      }
    }
  }

  private func gram() throws -> [Double]? {
    guard objective.needsClassifierGram else { return nil }
    let weights = head.parameters.withFloats { Array($0[..<(head.classes * head.features)]) }
    return try ClassifierGram.products(weights: weights, classes: head.classes, features: head.features)
  }
}
