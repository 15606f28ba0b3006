import Tensors

/// Memory that is kept between steps and only ever grows.
struct WorkingMemory {
  private var buffer = HostBuffer(byteCount: 0)

  private mutating func grow(to byteCount: Int) {
    if buffer.byteCount < byteCount { buffer = HostBuffer(byteCount: byteCount) }
  }

  /// Room for `count` float64 numbers; not cleared. Valid until the next call and as long as this value.
  mutating func doubles(_ count: Int) -> UnsafeMutableBufferPointer<Double> {
    grow(to: max(1, count) * 8)
    return UnsafeMutableBufferPointer(start: buffer.baseAddress.assumingMemoryBound(to: Double.self), count: count)
  }

  /// Room for `count` vectors; not cleared. Valid until the next call and as long as this value.
  mutating func lanes(_ count: Int) -> UnsafeMutableBufferPointer<Lanes> {
    grow(to: max(1, count) * 32)
    return UnsafeMutableBufferPointer(start: buffer.baseAddress.assumingMemoryBound(to: Lanes.self), count: count)
  }

  /// Room for `count` integers; not cleared. Valid until the next call and as long as this value.
  mutating func integers(_ count: Int) -> UnsafeMutableBufferPointer<Int> {
    grow(to: max(1, count) * 8)
    return UnsafeMutableBufferPointer(start: buffer.baseAddress.assumingMemoryBound(to: Int.self), count: count)
  }
}
