import Threading

/// Where the levels of a pyramid lie when one activation holds all of them: the finest above, the others below it side by side, with a row or a
/// column of zeros between any two.
///
/// A 3x3 convolution then gives for each level what it gives for the level alone, whose border it pads with zeros: a head that all levels
/// share is one layer. One convolution only: what it writes between the levels is not zero any more. The area is 9/8 of that of the levels.
package struct PackedLevels: Sendable, Equatable {
  /// A level.
  package struct Level: Sendable, Equatable {
    /// Rows.
    package let height: Int
    /// Columns.
    package let width: Int
    /// The first position, counted row by row.
    package let origin: Int
  }

  /// The levels, in the order in which they were given.
  package let levels: [Level]
  /// Rows of the whole.
  package let height: Int
  /// Columns of the whole.
  package let width: Int

  /// Places levels, the finest first.
  package init(_ extents: [(height: Int, width: Int)]) {
    let rest = extents.dropFirst()
    let below = rest.reduce(0) { $0 + $1.width } + max(0, rest.count - 1)
    width = max(extents.first?.width ?? 0, below)
    let first = extents.first?.height ?? 0
    height = first + (rest.isEmpty ? 0 : 1 + (rest.map(\.height).max() ?? 0))
    var column = 0
    var levels: [Level] = []
    for (place, extent) in extents.enumerated() {
      levels.append(Level(height: extent.height, width: extent.width, origin: place == 0 ? 0 : (first + 1) * width + column))
      if place > 0 { column += extent.width + 1 }
    }
    self.levels = levels
  }

  /// Copies levels into the whole, of which everything else becomes 0. Writes the whole once.
  package func pack(_ parts: [(region: FloatRegion, view: ChannelBlocks)], into whole: FloatRegion, _ view: ChannelBlocks) {
    let to = whole.base
    ComputePool.forEach(parts: view.images * view.blocks) { item in
      let (image, block) = item.quotientAndRemainder(dividingBy: view.blocks)
      let target = to + image * view.imageStride + block * view.blockStride
      target.update(repeating: 0, count: view.positions * view.block)
      for (level, part) in zip(levels, parts) {
        let source = part.region.base + image * part.view.imageStride + block * part.view.blockStride
        for row in 0..<level.height {
          (target + (level.origin + row * width) * view.block).update(
            from: source + row * level.width * view.block, count: level.width * view.block)
        }
      }
    }
  }

  /// Copies one level out of the whole.
  package func unpack(_ place: Int, of whole: FloatRegion, _ view: ChannelBlocks, into part: FloatRegion, _ partView: ChannelBlocks) {
    let (from, to, level) = (whole.base, part.base, levels[place])
    ComputePool.forEach(parts: view.images * view.blocks) { item in
      let (image, block) = item.quotientAndRemainder(dividingBy: view.blocks)
      let source = from + image * view.imageStride + block * view.blockStride
      let target = to + image * partView.imageStride + block * partView.blockStride
      for row in 0..<level.height {
        (target + row * level.width * view.block).update(
          from: source + (level.origin + row * width) * view.block, count: level.width * view.block)
      }
    }
  }
}
