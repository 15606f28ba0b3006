import Objectives
import Tensors
import Testing
import Training

/// Queues and banks by themselves: what enters, what stays, what goes.
@Suite struct FollowerTests {
  private func rows(_ first: Int, _ count: Int) -> GatheredRows {
    GatheredRows(width: 2, values: (first..<first + count).flatMap { [Float($0), -Float($0)] })
  }

  @Test func queueKeepsTheNewest() throws {
    let queue = try RowQueue("queue", of: PortPlace(port: "features"), width: 2, capacity: 5)
    #expect(queue.count == 0 && queue.gathers == [PortPlace(port: "features")])
    try queue.push(rows(0, 3), labels: [0, 1, 2])
    #expect(queue.count == 3 && queue.withRows { Array($0) } == [0, 0, 1, -1, 2, -2])
    try queue.push(rows(3, 4), labels: nil)
    #expect(queue.count == 5 && queue.entered == 7)
    #expect(queue.withRows { Array($0) } == [5, -5, 6, -6, 2, -2, 3, -3, 4, -4])
    #expect(queue.labels == [-1, -1, 2, -1, -1])
    // More rows than there is room for: the last ones stay.
    try queue.push(rows(10, 12), labels: Array(0..<12))
    #expect(queue.withRows { Set($0.map(abs)) } == [17, 18, 19, 20, 21])
    #expect(throws: LongtailError.self) { try queue.push(GatheredRows(width: 3, values: [1, 2, 3]), labels: nil) }
    let copy = try RowQueue("queue", of: PortPlace(port: "features"), width: 2, capacity: 5)
    try StateTree(copy).restore(StateTree(queue).tensors(), source: "a test", advice: "")
    #expect(copy.withRows { Array($0) } == queue.withRows { Array($0) } && copy.labels == queue.labels && copy.entered == queue.entered)
    #expect(throws: LongtailError.self) { try RowQueue("none", of: PortPlace(port: "features"), width: 2, capacity: 0) }
  }

  @Test func bankKeepsWholeEpochsByClass() throws {
    func bank() throws -> FeatureBank { try FeatureBank("bank", of: PortPlace(port: "features"), width: 2, depths: [1, 2, 0]) }
    let one = try bank()
    for epoch in 0..<4 {
      // Two batches an epoch; the order of samples changes from epoch to epoch.
      try one.add(rows(10 * epoch, 3), labels: [0, 1, 2], samples: epoch % 2 == 0 ? [5, 6, 7] : [2, 1, 0], epoch: epoch)
      try one.add(rows(10 * epoch + 3, 2), labels: [0, -1], samples: [epoch % 2 == 0 ? 1 : 9, 8], epoch: epoch)
    }
    #expect(one.completeEpochs(of: 0) == [2] && one.completeEpochs(of: 1) == [2, 1] && one.completeEpochs(of: 2) == [])
    let entries = one.entries(of: 0, epoch: 2)
    #expect(entries.map(\.sample) == [1, 5])
    #expect(entries.map { Array(one.values(of: $0)) } == [[23, -23], [20, -20]])
    #expect(one.mean(of: 0, epoch: 2) == [21.5, -21.5] && one.mean(of: 0, epoch: 0) == nil)
    // 3 rows of class 0, 4 of class 1 (two old, one new: with epoch 3), 1 of class 2; ignored rows never enter.
    #expect(one.count == 2 + 2 + 3 + 1)
    let copy = try bank()
    try StateTree(copy).restore(StateTree(one).tensors(), source: "a test", advice: "")
    try copy.add(rows(40, 1), labels: [1], samples: [3], epoch: 4)
    try one.add(rows(40, 1), labels: [1], samples: [3], epoch: 4)
    #expect(StateTree(copy).digest == StateTree(one).digest)
  }

  @Test func placesAreThoseOfTheGlobalBatch() {
    // Two micro-batches of 5 and 3 images on three ranks.
    let counts = [[2, 2, 1], [1, 1, 1]]
    let places = (0..<3).map { BatchPlaces(counts: counts, rank: $0) }
    #expect(places.map(\.own) == [[0, 1, 5], [2, 3, 6], [4, 7]])
    #expect(places.allSatisfy { $0.images == 8 })
  }
}
