import Tensors

/// A float32 buffer on every rank whose contents can be added up: each rank writes its own, `sum()` leaves the total in all of them.
public protocol ReducibleBuffer: AnyObject {
  /// This rank's numbers: `floatCount` floats, zero at first. Valid until the communicator has finished.
  var buffer: HostBuffer { get }
  /// Adds the buffers of all ranks, in place. Collective. The result is the same bits on every rank, and does not depend on timing.
  func sum() throws
  /// How this buffer is summed, in words for a log: and why, where it is not the fastest way.
  var strategy: String { get }
  /// Bytes that `sum()` has added up on this rank so far: the buffer's size times the number of calls.
  var bytesReduced: Int { get }
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

  func sum() throws {}
}
