import Tensors
import Threading

/// A run of floats inside a buffer, which our own loops work on.
package struct FloatRegion: Sendable {
  /// The memory.
  package let buffer: HostBuffer
  /// The first float.
  package let offset: Int
  /// Number of floats.
  package let count: Int

  /// Names a run of floats.
  /// - Throws: `LongtailError` when it does not lie inside the buffer.
  package init(_ buffer: HostBuffer, offset: Int, count: Int) throws {
    guard offset >= 0, count >= 0, offset + count <= buffer.floatCount else {
      throw LongtailError(.internalError, "\(count) floats at \(offset) do not fit into a buffer of \(buffer.floatCount)")
    }
    self.buffer = buffer
    self.offset = offset
    self.count = count
  }

  /// A part of a region whose size was computed beforehand.
  init(unchecked buffer: HostBuffer, offset: Int, count: Int) {
    self.buffer = buffer
    self.offset = offset
    self.count = count
  }

  /// For the loops of this room only: the bounds were checked when the region was made.
  @inline(__always)
  var base: UnsafeMutablePointer<Float> { buffer.baseAddress.assumingMemoryBound(to: Float.self) + offset }

  /// Sets every float to zero.
  package func clear() {
    let base = base
    ComputePool.forEachRange(of: count, minimum: 4096, alignment: 16) { range in
      (base + range.lowerBound).update(repeating: 0, count: range.count)
    }
  }

  /// Adds another region of the same size, element by element. Moves 12 bytes a float.
  package func accumulate(_ other: FloatRegion) {
    let (to, from) = (base, other.base)
    ComputePool.forEachRange(of: min(count, other.count), minimum: 4096, alignment: 16) { range in
      for i in range { to[i] += from[i] }
    }
  }

  /// Copies another region of the same size.
  package func copy(_ other: FloatRegion) {
    let (to, from) = (base, other.base)
    ComputePool.forEachRange(of: min(count, other.count), minimum: 4096, alignment: 16) { range in
      (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
    }
  }
}
