import Threading

/// Non-maximum suppression of many groups on all threads, with memory that is kept from call to call.
package final class GroupedSuppression {
  private var boxes: [CornerBox] = []
  private var scores: [Float] = []
  private var groups: [Int32] = []
  private var keys: [UInt64] = []
  private var order: [Int32] = []
  private var sorted: [CornerBox] = []
  private var keeps: [Bool] = []
  private var ends: [Int] = []
  private var room: [Float] = []
  private var kept: [Int] = []

  /// Has no settings.
  package init() {}

  /// Forgets the boxes of the call before.
  package func begin(capacity: Int) {
    boxes.removeAll(keepingCapacity: true)
    scores.removeAll(keepingCapacity: true)
    groups.removeAll(keepingCapacity: true)
    boxes.reserveCapacity(capacity)
    scores.reserveCapacity(capacity)
    groups.reserveCapacity(capacity)
  }

  /// Adds a box.
  package func append(_ box: CornerBox, score: Float, group: Int32) {
    boxes.append(box)
    scores.append(score)
    groups.append(group)
  }

  /// The box that was added at a place.
  package func box(_ place: Int) -> CornerBox { boxes[place] }
  /// Its score.
  package func score(_ place: Int) -> Float { scores[place] }
  /// Its group.
  package func group(_ place: Int) -> Int32 { groups[place] }

  /// Which boxes stay, in order of descending score; of equal scores the first. Valid until the next call.
  /// - Parameters:
  ///   - threshold: the largest IoU that two boxes of a group may have.
  ///   - limit: no more than this many.
  package func run(threshold: Double, limit: Int) -> [Int] {
    let count = boxes.count
    kept.removeAll(keepingCapacity: true)
    if count == 0 || limit <= 0 { return kept }
    sortIntoGroups()
    if room.count < 5 * (count + 8 * ends.count) { room = [Float](repeating: 0, count: 5 * (count + 8 * ends.count)) }
    if keeps.count < count { keeps = [Bool](repeating: false, count: count) }
    sorted.withUnsafeBufferPointer { sorted in
      room.withUnsafeMutableBufferPointer { room in
        keeps.withUnsafeMutableBufferPointer { keeps in
          ends.withUnsafeBufferPointer { ends in
            guard let room = room.baseAddress, let keeps = keeps.baseAddress else { return }
            ComputePool.forEach(parts: ends.count) { group in
              let first = group == 0 ? 0 : ends[group - 1]
              BoxSuppression.suppress(
                UnsafeBufferPointer(rebasing: sorted[first..<ends[group]]), threshold: threshold, room: room + 5 * (first + 8 * group),
                keep: keeps + first)
            }
          }
        }
      }
    }
    var survivors = 0
    for place in 0..<count where keeps[place] {
      let own = Int(order[place])
      keys[survivors] = KeySelection.descending(scores[own], place: own)
      survivors += 1
    }
    keys.withUnsafeMutableBufferPointer { keys in
      let own = UnsafeMutableBufferPointer(rebasing: keys[0..<survivors])
      KeySelection.moveSmallest(limit, of: own)
      for key in own.prefix(limit) { kept.append(KeySelection.place(key)) }
    }
    return kept
  }

  /// Boxes group by group, in each by descending score; of equal ones the first.
  private func sortIntoGroups() {
    let count = boxes.count
    if keys.count < count { keys = [UInt64](repeating: 0, count: count) }
    if order.count < count { order = [Int32](repeating: 0, count: count) }
    for place in 0..<count { keys[place] = KeySelection.descending(scores[place], place: place) }
    keys.withUnsafeMutableBufferPointer { keys in
      var all = UnsafeMutableBufferPointer(rebasing: keys[0..<count])
      all.sort()
    }
    let last = Int(groups.max() ?? 0)
    ends.removeAll(keepingCapacity: true)
    for _ in 0...last { ends.append(0) }
    for group in groups { ends[Int(group)] += 1 }
    var total = 0
    for group in 0...last {
      let own = ends[group]
      ends[group] = total
      total += own
    }
    // Each begin moves on to its end.
    for place in 0..<count {
      let own = KeySelection.place(keys[place])
      let group = Int(groups[own])
      order[ends[group]] = Int32(own)
      ends[group] += 1
    }
    sorted.removeAll(keepingCapacity: true)
    for place in 0..<count { sorted.append(boxes[Int(order[place])]) }
  }
}
