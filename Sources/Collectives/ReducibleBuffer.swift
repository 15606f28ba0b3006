import Tensors

/// A float32 buffer on every rank whose contents can be added up: each rank writes its own, `sum()` leaves the total in all of them.
public protocol ReducibleBuffer: AnyObject {
  /// This rank's numbers: `floatCount` floats, zero at first. Valid until the communicator has finished.
  var buffer: HostBuffer { get }
  /// Adds a part of the buffers of all ranks, in place. Collective: all ranks name the same part. The result is the same bits on every
  /// rank, and does not depend on timing. Counts are of 64 bits: buffers may have more than 2^31 floats.
  /// - Throws: `internalError` for a part that is not within the buffer, `inputOutput` from MPI.
  func sum(_ range: Range<Int>) throws
  /// How this buffer is summed, in words for a log: and why, where it is not the fastest way.
  var strategy: String { get }
  /// Bytes that have been added up on this rank so far: for `sum()`, the buffer's size times the number of calls.
  var bytesReduced: Int { get }
}

extension ReducibleBuffer {
  /// Adds the whole buffers of all ranks, in place; see `sum(_:)`.
  public func sum() throws { try sum(0..<buffer.floatCount) }

  /// Refuses a part that is not within the buffer.
  func check(_ range: Range<Int>) throws {
    if range.lowerBound >= 0, range.upperBound <= buffer.floatCount { return }
    throw LongtailError(.internalError, "The floats \(range) are not all within a buffer of \(buffer.floatCount).")
  }
}

/// A reducible buffer where there is nothing to add: one rank.
final class LoneBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy: String
  let bytesReduced = 0

  init(floatCount: Int, strategy: String) {
    buffer = HostBuffer(floatCount: floatCount)
    self.strategy = strategy
  }

  func sum(_ range: Range<Int>) throws { try check(range) }
}

/// A buffer of ordinary memory that is summed through messages.
final class MessageBuffer: ReducibleBuffer {
  let buffer: HostBuffer
  let strategy: String
  private(set) var bytesReduced = 0
  private let exchange: SliceExchange

  init(floatCount: Int, exchange: SliceExchange, reason: String) {
    buffer = HostBuffer(floatCount: floatCount)
    self.exchange = exchange
    strategy = "\(exchange.description) (\(reason))"
  }

  func sum(_ range: Range<Int>) throws {
    try check(range)
    try buffer.withFloats { floats in
      if let base = floats.baseAddress { try exchange.sum(base + range.lowerBound, count: range.count) }
    }
    bytesReduced += range.count * MemoryLayout<Float>.stride
  }
}
