import Kernels
import Tensors

/// A tensor of a plan: a layout whose place is fixed when the arena is laid out, the same for kernels of the library and loops of ours.
package final class PlanTensor {
  /// Where the numbers lie.
  package let layout: TensorLayout
  /// The tensor as primitives take it.
  package let memory: Memory
  /// The tensor as our own loops take it; nil before it is placed.
  package private(set) var placedRegion: FloatRegion?

  let slot: ArenaSlot?

  init(_ layout: TensorLayout, slot: ArenaSlot?) throws {
    self.layout = layout
    self.slot = slot
    memory = try Memory(layout)
  }

  /// The floats, once placed.
  /// - Throws: `LongtailError` before.
  package func region() throws -> FloatRegion {
    guard let placedRegion else { throw LongtailError(.internalError, "a tensor of a plan is used before it has a place") }
    return placedRegion
  }

  /// The raw bytes, once placed.
  func bytes() throws -> (buffer: HostBuffer, byteOffset: Int) {
    let region = try region()
    return (region.buffer, region.offset * MemoryLayout<Float>.stride)
  }

  func place(in buffer: HostBuffer, byteOffset: Int) throws {
    try memory.bind(to: buffer, byteOffset: byteOffset)
    placedRegion = try FloatRegion(
      buffer, offset: byteOffset / MemoryLayout<Float>.stride, count: layout.byteCount / MemoryLayout<Float>.stride)
  }

  /// Gives it memory of its own, zeroed.
  func placeAlone() throws { try place(in: HostBuffer(byteCount: layout.byteCount), byteOffset: 0) }

  func place(in arena: HostBuffer) throws {
    if let slot { try place(in: arena, byteOffset: slot.offset) }
  }
}
