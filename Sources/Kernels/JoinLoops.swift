import Tensors
import Threading

/// Copies that join activations along channels and part their gradients again.
package enum JoinLoops {
  /// Copies all channels of `part` to channels `channelOffset...` of `whole`. Moves 8 bytes a float.
  ///
  /// Whole blocks are copied as runs; where the offset is not a multiple of the block, single channels are.
  package static func copy(
    _ part: FloatRegion, _ partView: ChannelBlocks, into whole: FloatRegion, _ wholeView: ChannelBlocks, channelOffset: Int
  ) {
    transfer(part, partView, whole, wholeView, channelOffset) { p, w, count in w.update(from: p, count: count) }
  }

  /// Copies channels `channelOffset...` of `whole` to `part`.
  package static func extract(
    _ part: FloatRegion, _ partView: ChannelBlocks, from whole: FloatRegion, _ wholeView: ChannelBlocks, channelOffset: Int
  ) {
    transfer(part, partView, whole, wholeView, channelOffset) { p, w, count in p.update(from: w, count: count) }
  }

  @inline(__always)
  private static func transfer(
    _ part: FloatRegion, _ partView: ChannelBlocks, _ whole: FloatRegion, _ wholeView: ChannelBlocks, _ channelOffset: Int,
    _ move: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    let (p, w) = (part.base, whole.base)
    let (block, wholeBlock) = (partView.block, wholeView.block)
    if block == wholeBlock, channelOffset % block == 0, partView.channels % block == 0 {
      ComputePool.forEach(parts: partView.images * partView.blocks) { item in
        let (image, b) = (item / partView.blocks, item % partView.blocks)
        move(
          p + image * partView.imageStride + b * partView.blockStride,
          w + image * wholeView.imageStride + (channelOffset / block + b) * wholeView.blockStride, partView.positions * block)
      }
      return
    }
    ComputePool.forEach(parts: partView.images * partView.channels) { item in
      let (image, c) = (item / partView.channels, item % partView.channels)
      let target = channelOffset + c
      let from = p + image * partView.imageStride + (c / block) * partView.blockStride + c % block
      let to = w + image * wholeView.imageStride + (target / wholeBlock) * wholeView.blockStride + target % wholeBlock
      for s in 0..<partView.positions { move(from + s * block, to + s * wholeBlock, 1) }
    }
  }
}
