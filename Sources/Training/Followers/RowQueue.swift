import Objectives
import Tensors

/// The newest rows of a port over all steps and ranks, first in, first out: the keys of a contrast, with their classes.
///
/// Rows of a step enter in the order of the global batch, after the step's terms have read the queue. The same bits on every rank, on any
/// number of them. Cost: a sum of the step's rows over the ranks.
/// Source: He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, section 3.1.
public final class RowQueue: Follower {
  /// The name in checkpoints.
  public let name: String
  /// Rows that fit.
  public let capacity: Int
  /// Numbers of a row.
  public let width: Int
  /// Where rows come from.
  public let source: PortPlace
  /// The class of each row, by its slot; `RowLabel.ignored` where none is known.
  public private(set) var labels: [Int]
  /// Rows that have entered so far; the next one goes to slot `entered % capacity`.
  public private(set) var entered = 0

  private let memory: HostBuffer
  private let keepsLabels: Bool

  /// An empty queue.
  /// - Parameter keepsLabels: whether rows enter with their classes; the batch then has a label for each.
  /// - Throws: `LongtailError` for a queue without room.
  public init(_ name: String, of source: PortPlace, width: Int, capacity: Int, keepsLabels: Bool = true) throws {
    guard capacity > 0, width > 0 else {
      throw LongtailError(.usage, "queue '\(name)' of \(capacity) rows of \(width) numbers holds nothing")
    }
    (self.name, self.source, self.width, self.capacity, self.keepsLabels) = (name, source, width, capacity, keepsLabels)
    memory = HostBuffer(floatCount: capacity * width)
    labels = Array(repeating: Int(RowLabel.ignored), count: capacity)
  }

  /// Rows that are there, in the slots from 0 on.
  public var count: Int { min(entered, capacity) }

  /// Calls `body` with the rows that are there, one after the other; the pointer is not valid outside.
  public func withRows<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try memory.withFloats { try body(UnsafeBufferPointer(rebasing: $0[..<(count * width)])) }
  }

  /// The source.
  public var gathers: [PortPlace] { [source] }

  /// Takes in the rows of the global batch.
  /// - Throws: `LongtailError` for rows of another width.
  public func follow(_ step: AcceptedStep) throws {
    let rows = try step.rows(source)
    try push(rows, labels: keepsLabels ? try step.labels(source).map { Int($0) } : nil)
  }

  /// Takes in rows in their order; the oldest ones go.
  /// - Throws: `LongtailError` for rows of another width.
  public func push(_ rows: GatheredRows, labels classes: [Int]?) throws {
    guard rows.width == width || rows.count == 0, classes?.count ?? rows.count == rows.count else {
      throw LongtailError(.internalError, "queue \(name) has rows of \(width) numbers, not of \(rows.width)")
    }
    memory.withFloats { floats in
      for index in 0..<rows.count {
        let slot = (entered + index) % capacity
        for (k, value) in rows.row(index).enumerated() { floats[slot * width + k] = value }
        labels[slot] = classes?[index] ?? Int(RowLabel.ignored)
      }
    }
    entered += rows.count
  }

  /// Names rows, classes and pointer.
  public func describeState(in tree: inout StateTree) {
    tree.tensor("rows", shape: [capacity, width], in: memory, title: "rows of \(name)")
    tree.value("labels", of: self, \.labels, title: "classes of \(name)")
    tree.value("entered", of: self, \.entered, title: "number of rows that entered \(name)")
  }
}
