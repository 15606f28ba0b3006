import Threading

/// The mean of each channel over all positions of an image, and its transpose. Sums are taken in runs in float32 and added up in float64.
package enum GlobalPoolingLoops {
  private static let run = 64

  /// y[n, c] = mean over the positions of x[n, c]. Reads x once.
  package static func mean(of x: FloatRegion, _ view: ChannelBlocks, into y: FloatRegion) {
    let (from, to) = (x.base, y.base)
    let block = view.block
    ComputePool.forEach(parts: view.images * view.blocks) { item in
      let (image, number) = item.quotientAndRemainder(dividingBy: view.blocks)
      let begin = from + image * view.imageStride + number * view.blockStride
      let target = to + item * block
      for lane in 0..<block {
        var total = 0.0
        var position = 0
        while position < view.positions {
          let end = min(view.positions, position + run)
          var sum: Float = 0
          for s in position..<end { sum += begin[s * block + lane] }
          total += Double(sum)
          position = end
        }
        target[lane] = Float(total / Double(view.positions))
      }
    }
  }

  /// The gradient of x from that of y: each position gets its share. Writes x once.
  package static func spread(_ gradient: FloatRegion, into x: FloatRegion, _ view: ChannelBlocks) {
    let (from, to) = (gradient.base, x.base)
    let block = view.block
    let share = 1 / Float(view.positions)
    ComputePool.forEach(parts: view.images * view.blocks) { item in
      let (image, number) = item.quotientAndRemainder(dividingBy: view.blocks)
      let target = to + image * view.imageStride + number * view.blockStride
      let source = from + item * block
      for position in 0..<view.positions {
        for lane in 0..<block { target[position * block + lane] = source[lane] * share }
      }
    }
  }
}
