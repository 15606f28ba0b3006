import Objectives
import Tensors

/// Whether the second stage knows where objects are: smooth L1 over the codes at the class of each row of an object, divided by the number
/// of all rows, background included.
///
/// One round: the sum of losses, the number of rows that are not ignored. Codes of other classes, of background and of ignored rows have
/// no gradient.
package final class RegionBoxTerm: Term {
  /// Which four columns a row's code is.
  package enum Columns: Sendable, Equatable {
    /// Four a class; the first class begins at column 4 `first`. torchvision's heads have background first: `first` is 1 where labels begin
    /// at 0.
    case perClass(first: Int)
    /// The same four for all classes.
    case shared

    /// The first of them.
    package func first(of label: Int32) -> Int {
      switch self {
      case .perClass(let first): 4 * (first + Int(label))
      case .shared: 0
      }
    }
  }

  /// The name in reports.
  package let name: String
  /// The codes: one row a region, as images of one row or rows of one image.
  package let reads: [PortPlace]
  /// The same.
  package var writes: [PortPlace] { reads }
  /// Loss and number.
  package let rounds = [2]
  private let targets: RegionTargets
  private let columns: Columns
  private let error: SmoothL1
  private let weight: Double

  /// - Parameters:
  ///   - name: in reports.
  ///   - place: the codes.
  ///   - targets: filled before each step.
  ///   - columns: which columns are a class's.
  ///   - error: of a number of a code.
  ///   - weight: what the loss is multiplied by.
  package init(
    _ name: String = "boxes", at place: PortPlace, targets: RegionTargets, columns: Columns, error: SmoothL1 = .torchvision,
    weight: Double = 1
  ) {
    (self.name, reads, self.targets, self.columns, self.error, self.weight) = (name, [place], targets, columns, error, weight)
  }

  /// Leaves the gradient without its denominator.
  package func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext
  ) throws {
    let values = try inputs.values(reads[0])
    let gradient = step.isTraining ? try inputs.gradient(reads[0]) : nil
    try check(values)
    gradient?.clear()
    var (loss, count) = (0.0, 0.0)
    for (row, label) in targets.labels.enumerated() where label >= 0 {
      count += 1
      if label == RowLabel.background { continue }
      let (image, place) = row.quotientAndRemainder(dividingBy: max(1, values.rowsPerImage))
      let first = columns.first(of: label)
      guard first + 4 <= values.classes else {
        throw LongtailError(.badData, "class \(label) has no code among \(values.classes) columns")
      }
      let part = error(values.code(image: image, row: place, first: first), target: targets.codes[row])
      loss += part.loss
      for number in 0..<4 { gradient?.set(part.gradient[number], image: image, row: place, class: first + number) }
    }
    (packed[offset], packed[offset + 1]) = (loss, count)
  }

  private func check(_ values: RowsView) throws {
    guard values.rows == targets.labels.count else {
      throw LongtailError(.internalError, "term \(name): \(values.rows) rows of codes for \(targets.labels.count) regions")
    }
  }

  /// The sum over the number of rows.
  package func result(_ sums: PackedSums, step: StepContext) throws -> TermResult { try MeanTerm.result(sums, name: name, weight: weight) }

  /// Divides by the number of rows of all ranks.
  package func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws {
    let factor = try MeanTerm.factor(sums, result, name: name, weight: weight)
    let gradient = try inputs.gradient(reads[0])
    for (row, label) in targets.labels.enumerated() where label >= 0 && label != RowLabel.background {
      let (image, place) = row.quotientAndRemainder(dividingBy: max(1, gradient.rowsPerImage))
      let first = columns.first(of: label)
      gradient.scale(by: factor, image: image, row: place, classes: first..<first + 4)
    }
  }
}
