import Tensors

/// A reducible buffer whose sums are counted, compared where that is wanted, and seen by the watchdog, like all other collectives.
final class CountedBuffer: ReducibleBuffer {
  private let base: ReducibleBuffer
  private let communicator: MPICommunicator

  init(_ base: ReducibleBuffer, _ communicator: MPICommunicator) {
    self.base = base
    self.communicator = communicator
  }

  var buffer: HostBuffer { base.buffer }
  var strategy: String { base.strategy }
  var bytesReduced: Int { base.bytesReduced }

  func sum(_ range: Range<Int>) throws {
    try communicator.issuing(.sumBuffer, range.count) { try base.sum(range) }
  }
}
