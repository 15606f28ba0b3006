import Tensors
import Threading

/// A labelled row as a `RowLoop` shows it: one that counts, with one label.
public struct LabelledRow {
  /// The index of its class.
  public let label: Int
  /// What its loss counts.
  public let weight: Double
  /// What it counts in denominators and counts.
  public let count: Double
}

/// Goes over labelled rows on all compute threads, and adds numbers up: the plain way to write an objective.
///
/// Ignored rows are left out and have no gradient. A row with a second label is shown twice, once a label, with the share of each as its
/// weight, as `LabelledRows` says. Rows are cut into chunks of 2048 within each image; each has sums of its own, and they are added in order, so
/// that the numbers are the same on any number of threads. Cost: a copy of each row beside what is done with it. Memory is kept from call to
/// call.
public final class RowLoop {
  /// What is done with a row.
  /// - Parameters:
  ///   - row: its label, and what it counts.
  ///   - scores: the numbers of the row.
  ///   - gradient: zeros, where dl/dscores of the row's loss goes, without its weight; nothing where no gradient is asked for.
  ///   - sums: takes what the row adds to the sums, its weight or count included. Any number of rows may have been added before.
  public typealias Body = (
    _ row: LabelledRow, _ scores: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>,
    _ sums: UnsafeMutableBufferPointer<Double>
  ) -> Void

  private static let chunkRows = 2048
  private var partials = WorkingMemory()
  private var rowMemory = WorkingMemory()

  /// A loop with no memory yet.
  public init() {}

  /// Runs `body` for every row that counts, several at a time.
  /// - Parameters:
  ///   - rows: the rows and what they are measured against.
  ///   - gradient: where the rows' gradients go, each times its weight; ignored rows become 0. It may be the memory of the scores.
  ///   - count: how many sums there are.
  ///   - packed: takes the sums.
  ///   - offset: where they begin; `count` numbers are overwritten.
  /// - Throws: `LongtailError` for a label that is no class, weights and shares out of range, and views that do not fit each other.
  public func run(
    _ rows: LabelledRows, gradient: RowsView?, sums count: Int, into packed: inout [Double], at offset: Int, _ body: Body
  ) throws {
    let view = rows.logits
    try check(rows, gradient)
    guard count >= 0, offset >= 0, offset + count <= packed.count else {
      throw LongtailError(.internalError, "no \(count) numbers from \(offset) on in a vector of \(packed.count)")
    }
    let perImage = (view.rowsPerImage + RowLoop.chunkRows - 1) / RowLoop.chunkRows
    let chunks = view.images * perImage
    let workers = max(1, min(ComputePool.threadCount, chunks))
    let width = view.classes
    let sums = partials.doubles(chunks * count)
    sums.update(repeating: 0)
    let memory = UnsafeMutableBufferPointer(start: rowMemory.floats(workers * 3 * width), count: workers * 3 * width)
    let parts = rows.parts
    view.buffer.withFloats { source in
      (gradient ?? view).buffer.withFloats { target in
        ComputePool.forEach(parts: workers) { worker in
          func room(_ place: Int) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(rebasing: memory[(3 * worker + place) * width..<(3 * worker + place + 1) * width])
          }
          let (scores, own, whole) = (room(0), room(1), room(2))
          for chunk in stride(from: worker, to: chunks, by: workers) {
            let (image, first) = (chunk / perImage, chunk % perImage * RowLoop.chunkRows)
            let chunkSums = UnsafeMutableBufferPointer(rebasing: sums[chunk * count..<(chunk + 1) * count])
            for row in first..<min(view.rowsPerImage, first + RowLoop.chunkRows) {
              for k in 0..<width { scores[k] = source[view.index(image: image, row: row, class: k)] }
              whole.update(repeating: 0)
              for part in parts {
                let entry = part.entry(at: image * view.rowsPerImage + row)
                if entry.label < 0 { continue }
                if gradient != nil { own.update(repeating: 0) }
                body(
                  LabelledRow(label: Int(entry.label), weight: Double(entry.weight), count: Double(entry.count)),
                  UnsafeBufferPointer(scores), gradient == nil ? UnsafeMutableBufferPointer(rebasing: own[0..<0]) : own, chunkSums)
                if gradient != nil { for k in 0..<width { whole[k] += entry.weight * own[k] } }
              }
              if let gradient { for k in 0..<width { target[gradient.index(image: image, row: row, class: k)] = whole[k] } }
            }
          }
        }
      }
    }
    for place in 0..<count {
      packed[offset + place] = (0..<chunks).reduce(0) { $0 + sums[$1 * count + place] }
    }
  }

  private func check(_ rows: LabelledRows, _ gradient: RowsView?) throws {
    let view = rows.logits
    try view.checkBounds("the rows of logits")
    try rows.checkCounts()
    if let gradient {
      try gradient.checkBounds("the rows of the gradient")
      try gradient.checkShape(equals: view, "gradient and logits")
    }
    let part = RowPart(rows, .whole)
    for row in 0..<view.rows where !part.isValid(row, classes: Int32(view.classes), takesBackground: false) {
      throw LabelledRows.problem(
        part.contents(of: row), at: "row \(row % view.rowsPerImage) of image \(row / view.rowsPerImage)", classes: view.classes)
    }
  }
}
