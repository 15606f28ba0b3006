import Tensors
import Testing

/// What walks over state: everything that a part has named is saved, restored, sent and digested, and nothing is changed by what does not fit.
@Suite struct StateTreeTests {
  /// A queue with a pointer, in a buffer whose layout is reversed, and with padding between its two tensors.
  private final class Queue: Stateful {
    let buffer = HostBuffer(floatCount: 32)
    var pointer = 0
    var losses: [Double] = []
    var skipped = 0
    private(set) var refused: [Double] = [1, 2]

    func describeState(in tree: inout StateTree) {
      let reversed = FlatTensor(
        name: "keys", shape: [2, 3], range: 0..<8, read: { $0.withFloats { Array($0[0..<6].reversed()) } },
        write: { values, buffer in buffer.withFloats { for (i, value) in values.reversed().enumerated() { $0[i] = value } } })
      tree.tensors([reversed], in: buffer) { "\($0) of the queue" }
      tree.child("plain") { $0.tensor("values", shape: [4], in: buffer, at: 16, sharing: .perRank(row: "values")) }
      tree.value("pointer", of: self, \.pointer, title: "pointer of the queue")
      tree.value("losses", of: self, \.losses, absent: [])
      tree.count("skipped", of: self, \.skipped)
      tree.row("limits", count: 2, title: "limits") { [self] in
        refused
      } set: { [self] in
        refused = $0
      }
    }

    func fill(_ first: Float) { buffer.withFloats { for i in [0, 1, 2, 3, 4, 5, 16, 17, 18, 19] { $0[i] = first + Float(i) } } }
  }

  private func tree(_ queue: Queue) -> StateTree {
    var tree = StateTree()
    tree.child("queue", queue)
    return tree
  }

  private func filled() -> Queue {
    let queue = Queue()
    queue.fill(10)
    (queue.pointer, queue.losses, queue.skipped) = (3, [0.5, 0.25], 2)
    return queue
  }

  @Test func leavesAreNamedOnce() {
    let leaves = tree(filled()).leaves
    #expect(
      leaves.map(\.path) == [
        "queue.keys", "queue.plain.values", "queue.pointer", "queue.losses", "queue.skipped", "queue.limits",
      ])
    #expect(leaves.map(\.title).prefix(3) == ["keys of the queue", "values", "pointer of the queue"])
    #expect(leaves.map(\.isCount) == [false, false, false, false, true, false])
    let lines = tree(filled()).description.split(separator: "\n")
    #expect(lines[0] == "queue.keys  F32  2 x 3" && lines[1] == "queue.plain.values  F32  4  each rank's own")
    #expect(lines[2] == "queue.pointer  I64  one" && lines[3] == "queue.losses  F64  any length")
  }

  @Test func filesHoldCanonicalOrder() throws {
    let tensors = try tree(filled()).tensors()
    #expect(tensors.first?.values == .float32([15, 14, 13, 12, 11, 10]))
    let other = Queue()
    try tree(other).restore(tensors.shuffled(), source: "the file", advice: "")
    #expect(tree(other).digest == tree(filled()).digest)
    #expect((other.pointer, other.losses, other.skipped) == (3, [0.5, 0.25], 2))
    // What is as if it was absent is not written, and what is absent is as before the first step.
    let fresh = Queue()
    let few = try tree(fresh).tensors()
    #expect(few.map(\.name) == ["queue.keys", "queue.plain.values", "queue.pointer", "queue.limits"])
    try tree(other).restore(few, source: "the file", advice: "")
    #expect(other.losses.isEmpty && other.skipped == 0)
  }

  /// The whole inventory is looked at first: one tensor that does not fit, and nothing is changed.
  @Test func whatDoesNotFitChangesNothing() throws {
    let good = try tree(filled()).tensors()
    func refused(_ text: String, _ change: (inout [StoredTensor]) -> Void) throws {
      var tensors = good
      change(&tensors)
      let queue = Queue()
      queue.fill(-3)
      let before = tree(queue).digest
      let error = #expect(throws: LongtailError.self) { try tree(queue).restore(tensors, source: "the file", advice: "Look again.") }
      #expect(
        error?.code == .badData && error?.advice == "Look again." && error?.message.contains(text) == true, "\(String(describing: error))")
      #expect(tree(queue).digest == before && queue.skipped == 0)
    }
    try refused("the file does not belong to this network and configuration: missing queue.pointer") {
      $0.removeAll { $0.name == "queue.pointer" }
    }
    try refused("unexpected queue.more") { $0.append(StoredTensor(name: "queue.more", 1)) }
    try refused("queue.keys has shape [3, 2], expected [2, 3]") { $0[0].shape = [3, 2] }
    try refused("queue.pointer holds F64, expected I64") { $0[2] = StoredTensor(name: "queue.pointer", shape: [], values: .float64([3])) }
    try refused("queue.plain.values holds I64, expected F32") {
      $0[1] = StoredTensor(name: "queue.plain.values", shape: [4], values: .int64([1, 2, 3, 4]))
    }
    try refused("queue.losses has shape [1, 2], expected a row") { $0[3].shape = [1, 2] }
  }

  /// The bits of a leaf go from one process to another: padding too, and rows of any length.
  @Test func bytesAreSent() throws {
    let (from, to) = (filled(), Queue())
    from.buffer.withFloats { $0[7] = 99 }
    for (source, target) in zip(tree(from).leaves, tree(to).leaves) { try target.setBytes(source.withBytes { [UInt8]($0) }) }
    #expect(tree(to).digest == tree(from).digest && to.skipped == 2 && to.buffer.withFloats { $0[7] } == 99)
    #expect(to.buffer.withFloats { $0[8] } == 0, "what belongs to no leaf stays")
    let leaf = try #require(tree(to).leaves.first)
    #expect(throws: LongtailError.self) { try leaf.setBytes([1, 2, 3]) }
  }

  /// Every leaf counts, but for what a run has merely met.
  @Test func digestsSeeEverythingButCounts() {
    let digest = tree(filled()).digest
    let changes: [(Queue) -> Void] = [
      { $0.buffer.withFloats { $0[2] = -0.0 } }, { $0.buffer.withFloats { $0[19] += 1 } }, { $0.pointer = 4 }, { $0.losses = [0.5] },
    ]
    for change in changes {
      let queue = filled()
      change(queue)
      #expect(tree(queue).digest != digest)
    }
    let queue = filled()
    queue.skipped = 7
    #expect(tree(queue).digest == digest)
  }
}
