import Objectives
import Tensors

/// The keys of past steps that queries are told apart from, at length 1, with their classes: see `KeyQueue`.
///
/// Keys of a step enter in the order of the global batch, after its terms have read the queue; the same bits on every rank, on any number
/// of them. It begins with random units of no class. Cost: a sum of the step's keys over the ranks.
final class ContrastQueue: Follower {
  let name: String
  /// The keys.
  private(set) var queue: KeyQueue
  private let source: PortPlace

  /// - Parameter source: where keys come from, of any length.
  init(_ name: String, of source: PortPlace, width: Int, length: Int, seed: UInt64) {
    (self.name, self.source) = (name, source)
    queue = KeyQueue(length: length, width: width, seed: seed)
  }

  var gathers: [PortPlace] { [source] }

  func follow(_ step: AcceptedStep) throws {
    let rows = try step.rows(source)
    let keys = DenseRows(count: rows.count, width: rows.width, values: rows.values)
    queue.enqueue(keys.units.rows, labels: try step.labels(source))
  }

  /// Names keys, classes and pointer.
  func describeState(in tree: inout StateTree) {
    let (length, width) = (queue.keys.count, queue.keys.width)
    tree.row("keys", count: length * width, title: "keys of \(name)") { [self] in
      queue.keys.values.map { Double($0) }
    } set: { [self] numbers in
      let keys = DenseRows(count: length, width: width, values: numbers.map { Float($0) })
      queue = KeyQueue(keys: keys, labels: queue.labels, pointer: queue.pointer)
    }
    tree.row("labels", count: length, title: "classes of \(name)") { [self] in
      queue.labels.map { Double($0) }
    } set: { [self] numbers in
      queue = KeyQueue(keys: queue.keys, labels: numbers.map { Int32($0) }, pointer: queue.pointer)
    }
    tree.row("pointer", count: 1, title: "pointer of \(name)") { [self] in
      [Double(queue.pointer)]
    } set: { [self] numbers in
      queue = KeyQueue(keys: queue.keys, labels: queue.labels, pointer: Int(numbers[0]) % max(1, length))
    }
  }
}
