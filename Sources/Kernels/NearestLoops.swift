import Threading

/// Resampling of activations to any extents by the nearest source: position p takes floor(p from / to), PyTorch's `nearest`; and its transpose.
///
/// Cost: one read and one write of the destination, each way. Every number is the same at any number of threads.
package struct NearestLoops: Sendable {
  private let source: ChannelBlocks
  private let destination: ChannelBlocks

  /// Plans for two activations that differ in their extents alone.
  /// - Returns: nil where images, channels or blocks differ.
  package init?(from source: ChannelBlocks, to destination: ChannelBlocks) {
    guard source.images == destination.images, source.channels == destination.channels, source.block == destination.block,
      source.positions > 0, destination.positions > 0
    else { return nil }
    (self.source, self.destination) = (source, destination)
  }

  /// y = the resampled x.
  package func forward(_ x: FloatRegion, into y: FloatRegion) {
    let (from, to, block) = (x.base, y.base, source.block)
    ComputePool.forEach(parts: source.images * source.blocks * destination.height) { item in
      let (line, row) = item.quotientAndRemainder(dividingBy: destination.height)
      let (image, number) = line.quotientAndRemainder(dividingBy: source.blocks)
      let begin =
        from + image * source.imageStride + number * source.blockStride + row * source.height / destination.height * source.width * block
      let target = to + image * destination.imageStride + number * destination.blockStride + row * destination.width * block
      for column in 0..<destination.width {
        (target + column * block).update(from: begin + column * source.width / destination.width * block, count: block)
      }
    }
  }

  /// The gradient of x from that of y: sums over the positions that took from each.
  package func backward(gradient y: FloatRegion, into x: FloatRegion) {
    let (from, to, block) = (y.base, x.base, source.block)
    ComputePool.forEach(parts: source.images * source.blocks * source.height) { item in
      let (line, row) = item.quotientAndRemainder(dividingBy: source.height)
      let (image, number) = line.quotientAndRemainder(dividingBy: source.blocks)
      let begin = from + image * destination.imageStride + number * destination.blockStride
      let target = to + image * source.imageStride + number * source.blockStride + row * source.width * block
      target.update(repeating: 0, count: source.width * block)
      for taker in NearestLoops.takers(of: row, from: source.height, to: destination.height) {
        let line = begin + taker * destination.width * block
        for column in 0..<destination.width {
          let own = target + column * source.width / destination.width * block
          for lane in 0..<block { own[lane] += line[column * block + lane] }
        }
      }
    }
  }

  /// The positions that take from one.
  private static func takers(of place: Int, from: Int, to: Int) -> Range<Int> {
    (place * to + from - 1) / from..<((place + 1) * to + from - 1) / from
  }
}
