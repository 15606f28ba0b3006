import Tensors

/// Where the images of a batch lie, one after the other in the order that the graph's input has: planes N,C,H,W of 32-bit floats.
package struct BatchImages {
  /// The memory.
  package var buffer: HostBuffer
  /// The first byte.
  package var byteOffset: Int

  /// Names the memory.
  package init(_ buffer: HostBuffer, byteOffset: Int = 0) {
    self.buffer = buffer
    self.byteOffset = byteOffset
  }

  /// The images from one on.
  /// - Parameter floatsPerImage: floats of an image.
  func from(image: Int, floatsPerImage: Int) -> BatchImages {
    BatchImages(buffer, byteOffset: byteOffset + image * floatsPerImage * MemoryLayout<Float>.stride)
  }
}
