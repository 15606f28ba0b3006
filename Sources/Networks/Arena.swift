import Tensors

/// A piece of memory that is needed from one moment of a step to another.
///
/// Moments: node i runs forward at i, the loss is taken at n, node i runs backward at 2n - i.
final class ArenaSlot {
  private(set) var byteCount: Int
  private(set) var first: Int
  private(set) var last: Int
  fileprivate(set) var offset = 0

  init(byteCount: Int, at moment: Int) {
    self.byteCount = byteCount
    first = moment
    last = moment
  }

  /// Makes the piece live at a moment too.
  func extend(to moment: Int) {
    first = min(first, moment)
    last = max(last, moment)
  }

  func overlaps(_ other: ArenaSlot) -> Bool { first <= other.last && other.first <= last }
}

/// Places pieces of memory so that those which live at the same time do not overlap.
///
/// Largest first, each at the lowest place that is free during its life: within a few per cent of the peak of live bytes for networks.
enum ArenaLayout {
  private static let alignment = 4096

  /// Gives every slot its offset.
  /// - Returns: bytes of the whole arena.
  static func place(_ slots: [ArenaSlot]) -> Int {
    var placed: [ArenaSlot] = []
    var total = 0
    for slot in slots.sorted(by: { ($0.byteCount, $1.first) > ($1.byteCount, $0.first) }) {
      var offset = 0
      for other in placed.filter({ $0.overlaps(slot) }).sorted(by: { $0.offset < $1.offset }) {
        if offset + slot.byteCount <= other.offset { break }
        offset = max(offset, aligned(other.offset + other.byteCount))
      }
      slot.offset = offset
      placed.append(slot)
      total = max(total, offset + slot.byteCount)
    }
    return total
  }

  /// The largest number of bytes that live at one moment: no arena can be smaller.
  static func lowerBound(_ slots: [ArenaSlot]) -> Int {
    let moments = Set(slots.map(\.first))
    return moments.map { moment in slots.filter { $0.first <= moment && moment <= $0.last }.reduce(0) { $0 + $1.byteCount } }.max() ?? 0
  }

  private static func aligned(_ value: Int) -> Int { (value + alignment - 1) / alignment * alignment }
}
