import Kernels
import Tensors

extension Plan {
  /// Runs the forward pass once more and looks at each layer's output before the next layer runs: activations share memory.
  ///
  /// Parameters, images and samples are those of the last forward pass; running statistics move once more, which the caller undoes.
  /// Collective where batch norm is synchronized.
  /// - Returns: place and name of the first layer whose output has a number on this rank that is not finite; nil where all are finite.
  /// - Throws: `LongtailError` from the library or from the sum over ranks.
  package func firstNonFiniteOutput() throws -> (place: Int, layer: String)? {
    guard let last else { throw LongtailError(.internalError, "a search needs a forward pass before it") }
    return try firstNonFiniteOutput(last.set, images: last.images, streams: last.streams)
  }

  /// The same with other images.
  func firstNonFiniteOutput(_ set: ParameterSet, images: BatchImages, streams: [CounterRandom]) throws -> (place: Int, layer: String)? {
    var found: (place: Int, layer: String)?
    try forward(
      set, images: images, streams: streams,
      inspecting: { place, name, output in
        if found == nil, try !output.isFinite() { found = (place, name) }
      })
    return found
  }
}

extension PlanTensor {
  /// Whether every number is finite; padded lanes do not count.
  func isFinite() throws -> Bool {
    let region = try region()
    return region.buffer.withFloats { floats in
      guard let view = try? layout.channelBlocks() else {
        return floats[region.offset..<region.offset + region.count].allSatisfy(\.isFinite)
      }
      for image in 0..<view.images {
        for channel in 0..<view.channels {
          let (block, lane) = (channel / view.block, channel % view.block)
          let start = region.offset + image * view.imageStride + block * view.blockStride + lane
          for position in 0..<view.positions where !floats[start + position * view.block].isFinite { return false }
        }
      }
      return true
    }
  }
}
