import Tensors

/// A mean over the rows of one port, each with a loss of its own: distillation, contrast with stored rows, regression.
///
///     L = weight / n sum_i l_i(x_i),    dL/dx_i = weight / n dl_i/dx_i
///
/// with the n rows of all ranks that have a loss. What a row is compared with, such as a teacher's row or a queue, is a constant: no
/// gradient goes there. One round of two sums. Cost: a copy of each row beside the loss itself.
public final class RowwiseTerm: Term {
  /// The loss of one row, in double precision.
  ///
  /// It writes dl/dx over zeros. A row for which it returns nil does not count, and has no gradient.
  public typealias RowLoss = (
    _ row: Int, _ values: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>
  ) throws -> Double?

  /// The name in reports and in checkpoints.
  public let name: String
  /// The port whose rows have a loss.
  public let place: PortPlace
  /// What the mean is multiplied by.
  public let weight: Double
  private let others: [PortPlace]
  private let prepare: (StepInputs) throws -> RowLoss

  /// Describes a term.
  /// - Parameters:
  ///   - place: the port.
  ///   - others: further ports that are read.
  ///   - prepare: called once a step, before the rows: looks up what they are compared with.
  public init(
    _ name: String, at place: PortPlace, reading others: [PortPlace] = [], weight: Double = 1,
    loss prepare: @escaping (StepInputs) throws -> RowLoss
  ) {
    (self.name, self.place, self.others, self.weight, self.prepare) = (name, place, others, weight, prepare)
  }

  /// The port, and what its rows are compared with.
  public var reads: [PortPlace] { [place] + others }
  /// The port.
  public var writes: [PortPlace] { [place] }
  /// The sum of the losses, and the number of rows.
  public let rounds = [2]

  /// Sums up this rank's rows, and leaves their gradients without weight and denominator.
  public func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let (values, gradient) = (try inputs.values(place), try inputs.gradient(place))
    let loss = try prepare(inputs)
    var (sum, count) = (0.0, 0.0)
    var (x, dx) = ([Float](repeating: 0, count: values.classes), [Float](repeating: 0, count: values.classes))
    for image in 0..<values.images {
      for row in 0..<values.rowsPerImage {
        values.copyRow(image, row, into: &x)
        for k in dx.indices { dx[k] = 0 }
        let own = try x.withUnsafeBufferPointer { x in
          try dx.withUnsafeMutableBufferPointer { try loss(image * values.rowsPerImage + row, x, $0) }
        }
        if let own { (sum, count) = (sum + own, count + 1) } else { for k in dx.indices { dx[k] = 0 } }
        gradient.setRow(image, row, to: dx)
      }
    }
    (packed[offset], packed[offset + 1]) = (sum, count)
  }

  /// The mean, times the weight; 0 where no row has a loss.
  public func result(_ sums: PackedSums, step: StepContext) throws -> TermResult {
    let (sum, count) = try mean(of: sums)
    let value = count > 0 ? weight * sum / count : 0
    return TermResult(loss: value, isFinite: value.isFinite)
  }

  /// Multiplies the gradients by weight / n.
  public func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    let count = try mean(of: sums).count
    let factor = count > 0 ? Float(weight / count) : 0
    let gradient = try inputs.gradient(place)
    var row = [Float](repeating: 0, count: gradient.classes)
    for image in 0..<gradient.images {
      for index in 0..<gradient.rowsPerImage {
        gradient.copyRow(image, index, into: &row)
        for k in row.indices { row[k] *= factor }
        gradient.setRow(image, index, to: row)
      }
    }
  }

  private func mean(of sums: PackedSums) throws -> (sum: Double, count: Double) {
    guard let round = sums.rounds.last, round.count == 2 else {
      throw LongtailError(.internalError, "term \(name) has no sums")
    }
    return (round.number(0), round.number(1))
  }
}

extension RowsView {
  /// Copies a row out.
  public func copyRow(_ image: Int, _ row: Int, into values: inout [Float]) {
    buffer.withFloats { floats in for k in 0..<classes { values[k] = floats[index(image: image, row: row, class: k)] } }
  }

  /// Copies a row in.
  public func setRow(_ image: Int, _ row: Int, to values: [Float]) {
    buffer.withFloats { floats in for k in 0..<classes { floats[index(image: image, row: row, class: k)] = values[k] } }
  }
}
