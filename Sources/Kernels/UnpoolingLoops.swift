import Tensors
import Threading

/// The backward pass of 2x2 maximum unpooling, which oneDNN does not have.
package enum UnpoolingLoops {
  /// For each pooled position takes the number at the window position that the pooling recorded.
  ///
  /// Positions are bytes 0...3 (row-major in the window) in the layout of the pooled activation. Moves 9 bytes a pooled number.
  package static func gather(
    from full: FloatRegion, _ fullView: ChannelBlocks, positions: HostBuffer, byteOffset: Int, into pooled: FloatRegion,
    _ pooledView: ChannelBlocks
  ) {
    let (source, target) = (full.base, pooled.base)
    let recorded = (positions.baseAddress + byteOffset).assumingMemoryBound(to: UInt8.self)
    let block = pooledView.block
    ComputePool.forEach(parts: pooledView.images * pooledView.blocks) { part in
      let (image, b) = (part / pooledView.blocks, part % pooledView.blocks)
      let pooledStart = image * pooledView.imageStride + b * pooledView.blockStride
      let fullStart = image * fullView.imageStride + b * fullView.blockStride
      for y in 0..<pooledView.height {
        for x in 0..<pooledView.width {
          let at = pooledStart + (y * pooledView.width + x) * block
          let corner = fullStart + (2 * y * fullView.width + 2 * x) * block
          for lane in 0..<block {
            let position = Int(recorded[at + lane])
            let offset = ((position >> 1) * fullView.width + (position & 1)) * block
            target[at + lane] = source[corner + offset + lane]
          }
        }
      }
    }
  }
}
