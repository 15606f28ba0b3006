import Tensors
import Threading

/// Every `stride`-th row and column of an activation, its channels put in the middle of more channels whose numbers are zero; and the
/// gradient of that.
///
/// Moves 4 bytes for each float that is read and each that is written.
package struct ZeroPaddedSubsampling: Sendable {
  private let from: ChannelBlocks
  private let to: ChannelBlocks
  private let stride: Int
  /// Channels of zeros before the first one.
  private let before: Int

  /// Plans the loops.
  /// - Returns: nil where the extents do not fit together, or channels do not lie in blocks of the same size.
  package init?(from: ChannelBlocks, to: ChannelBlocks, stride: Int) {
    guard from.block == to.block, from.images == to.images, to.channels >= from.channels, (to.channels - from.channels) % 2 == 0,
      to.height == (from.height + stride - 1) / stride, to.width == (from.width + stride - 1) / stride
    else { return nil }
    (self.from, self.to, self.stride) = (from, to, stride)
    before = (to.channels - from.channels) / 2
  }

  /// Writes all of the larger activation.
  package func forward(_ source: FloatRegion, into destination: FloatRegion) {
    let (s, d, block) = (source.base, destination.base, to.block)
    ComputePool.forEach(parts: to.images * to.blocks) { part in
      let (image, number) = part.quotientAndRemainder(dividingBy: to.blocks)
      let target = d + image * to.imageStride + number * to.blockStride
      target.update(repeating: 0, count: to.positions * block)
      for lane in 0..<block {
        let channel = number * block + lane - before
        guard channel >= 0, channel < from.channels else { continue }
        let begin = s + image * from.imageStride + channel / block * from.blockStride + channel % block
        for row in 0..<to.height {
          let line = begin + row * stride * from.width * block
          for column in 0..<to.width { target[(row * to.width + column) * block + lane] = line[column * stride * block] }
        }
      }
    }
  }

  /// Writes all of the gradient of what was read: zero at the places that were left out.
  package func backward(gradient: FloatRegion, into source: FloatRegion) {
    let (g, s, block) = (gradient.base, source.base, from.block)
    ComputePool.forEach(parts: from.images * from.blocks) { part in
      let (image, number) = part.quotientAndRemainder(dividingBy: from.blocks)
      let target = s + image * from.imageStride + number * from.blockStride
      target.update(repeating: 0, count: from.positions * block)
      for lane in 0..<block where number * block + lane < from.channels {
        let channel = number * block + lane + before
        let begin = g + image * to.imageStride + channel / block * to.blockStride + channel % block
        for row in 0..<to.height {
          let line = target + row * stride * from.width * block + lane
          for column in 0..<to.width { line[column * stride * block] = begin[(row * to.width + column) * block] }
        }
      }
    }
  }
}
