/// The smallest of many different whole numbers, in order: how scores and random numbers are ranked with the place as the last word.
///
/// A key holds what counts in its upper 32 bits and the place in the lower ones, so that no two are equal and every order is the only one.
package enum KeySelection {
  /// A key by which larger scores come first, and of equal ones the lower place. What is not a number comes last.
  @inline(__always)
  package static func descending(_ score: Float, place: Int) -> UInt64 {
    if score.isNaN { return UInt64(UInt32.max) << 32 | UInt64(UInt32(truncatingIfNeeded: place)) }
    // Adding 0 makes one zero of both.
    let bits = (score + 0).bitPattern
    let ascending = bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
    return UInt64(~ascending) << 32 | UInt64(UInt32(truncatingIfNeeded: place))
  }

  /// A key by which smaller numbers come first, and of equal ones the lower place.
  @inline(__always)
  package static func ascending(_ number: UInt32, place: Int) -> UInt64 { UInt64(number) << 32 | UInt64(UInt32(truncatingIfNeeded: place)) }

  /// The place in a key.
  @inline(__always)
  package static func place(_ key: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: key)) }

  /// Brings the `count` smallest keys to the front, in order; the rest follows in any. Cost: linear, and sorting what is kept.
  package static func moveSmallest(_ count: Int, of keys: UnsafeMutableBufferPointer<UInt64>) {
    if count <= 0 { return }
    var (low, high) = (0, keys.count - 1)
    while count < keys.count, low < high {
      // The middle of three as pivot: keys in order are the common case.
      let middle = (low + high) / 2
      if keys[middle] < keys[low] { keys.swapAt(middle, low) }
      if keys[high] < keys[low] { keys.swapAt(high, low) }
      if keys[high] < keys[middle] { keys.swapAt(high, middle) }
      let pivot = keys[middle]
      var (left, right) = (low, high)
      while left <= right {
        while keys[left] < pivot { left += 1 }
        while keys[right] > pivot { right -= 1 }
        if left <= right {
          keys.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if count - 1 <= right {
        high = right
      } else if count - 1 >= left {
        low = left
      } else {
        break
      }
    }
    var kept = UnsafeMutableBufferPointer(rebasing: keys[0..<min(count, keys.count)])
    kept.sort()
  }
}
