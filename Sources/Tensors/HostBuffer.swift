/// A block of memory of fixed size: the only type of this project that owns bytes for numbers.
///
/// Pages are aligned to 4096 bytes, so that vector loads and oneDNN are content. Pointers are handed out inside closures only.
/// The memory may also belong to someone else, such as a window that several processes share; then `owner` is kept alive.
public final class HostBuffer: @unchecked Sendable {
  /// Size in bytes.
  public let byteCount: Int

  private let base: UnsafeMutableRawPointer
  private let owner: AnyObject?

  /// Number of 32-bit floats that fit.
  public var floatCount: Int { byteCount / MemoryLayout<Float>.stride }

  /// Allocates zeroed memory.
  /// - Parameter byteCount: zero is allowed.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    base = .allocate(byteCount: max(64, byteCount), alignment: 4096)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, byteCount))
    owner = nil
  }

  /// Allocates zeroed memory for `floatCount` floats.
  public convenience init(floatCount: Int) {
    self.init(byteCount: floatCount * MemoryLayout<Float>.stride)
  }

  /// Wraps memory that `owner` keeps valid for as long as it lives.
  public init(borrowing base: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
    self.byteCount = byteCount
    self.base = base
    self.owner = owner
  }

  deinit {
    if owner == nil { base.deallocate() }
  }

  /// Calls `body` with the bytes; the pointer is not valid outside.
  @inlinable
  public func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeMutableRawBufferPointer(start: baseAddress, count: byteCount))
  }

  /// Calls `body` with the memory as floats; the pointer is not valid outside.
  @inlinable
  public func withFloats<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try body(UnsafeMutableBufferPointer(start: baseAddress.assumingMemoryBound(to: Float.self), count: floatCount))
  }

  /// A stretch of the floats as a buffer: the same memory, not a copy. The whole is the buffer itself.
  /// - Parameter range: positions, counted in floats; within the buffer.
  package func part(_ range: Range<Int>) -> HostBuffer {
    if range == 0..<floatCount { return self }
    precondition(range.lowerBound >= 0 && range.upperBound <= floatCount, "floats \(range) are not all within a buffer of \(floatCount)")
    let width = MemoryLayout<Float>.stride
    return HostBuffer(borrowing: base + range.lowerBound * width, byteCount: range.count * width, owner: self)
  }

  /// The address, for types of this project that hand it to a C library and keep this buffer alive meanwhile.
  public var baseAddress: UnsafeMutableRawPointer { base }
}
