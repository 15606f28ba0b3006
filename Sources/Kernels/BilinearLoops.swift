import Threading

/// Bilinear resampling of activations to any extents, with half-pixel centres (PyTorch's `align_corners = false`), and its transpose.
///
/// A position of the destination lies at (p + 1/2) from/to - 1/2 of the source, not before 0; it takes from the two rows and the two columns
/// beside that place. oneDNN has no fast backward pass for it. Cost: four products a float of the destination, forward and backward;
/// forward reads the source from the caches and writes the destination once, backward reads the destination once from memory.
/// Every number is the same at any number of threads.
package struct BilinearLoops: Sendable {
  private let source: ChannelBlocks
  private let destination: ChannelBlocks
  private let rows: Axis
  private let columns: Axis

  /// Where the positions of one dimension take from.
  private struct Axis: Sendable {
    /// For each position of the destination the first of the two of the source.
    let first: [Int]
    /// The weight of the second one.
    let weight: [Float]
    /// The last position of the source.
    let last: Int
    /// For each position of the source those of the destination that take from it.
    let takers: [Range<Int>]

    init(from: Int, to: Int) {
      last = from - 1
      var (first, weight): ([Int], [Float]) = ([], [])
      for position in 0..<to {
        let place = max(0, (Double(position) + 0.5) * Double(from) / Double(to) - 0.5)
        let index = min(from - 1, Int(place))
        first.append(index)
        weight.append(index == from - 1 ? 0 : Float(place - Double(index)))
      }
      var takers = Array(repeating: 0..<0, count: from)
      for position in 0..<to {
        for index in Set([first[position], min(from - 1, first[position] + 1)]) {
          takers[index] = takers[index].isEmpty ? position..<position + 1 : takers[index].lowerBound..<position + 1
        }
      }
      (self.first, self.weight, self.takers) = (first, weight, takers)
    }

    /// What the position of the destination takes of one of the source.
    @inline(__always)
    func weight(of position: Int, for index: Int) -> Float {
      (first[position] == index ? 1 - weight[position] : 0) + (min(last, first[position] + 1) == index ? weight[position] : 0)
    }
  }

  /// Plans for two activations that differ in their extents alone.
  /// - Returns: nil where images, channels or blocks differ.
  package init?(from source: ChannelBlocks, to destination: ChannelBlocks) {
    guard source.images == destination.images, source.channels == destination.channels, source.block == destination.block,
      source.positions > 0, destination.positions > 0
    else { return nil }
    self.source = source
    self.destination = destination
    rows = Axis(from: source.height, to: destination.height)
    columns = Axis(from: source.width, to: destination.width)
  }

  /// y = the resampled x.
  package func forward(_ x: FloatRegion, into y: FloatRegion) {
    let (from, to) = (x.base, y.base)
    let block = source.block
    ComputePool.forEach(parts: source.images * source.blocks * destination.height) { item in
      let (line, row) = item.quotientAndRemainder(dividingBy: destination.height)
      let (image, number) = line.quotientAndRemainder(dividingBy: source.blocks)
      let begin = from + image * source.imageStride + number * source.blockStride
      let upper = begin + rows.first[row] * source.width * block
      let lower = begin + min(rows.last, rows.first[row] + 1) * source.width * block
      let target = to + image * destination.imageStride + number * destination.blockStride + row * destination.width * block
      let down = rows.weight[row]
      columns.first.withUnsafeBufferPointer { firsts in
        columns.weight.withUnsafeBufferPointer { weights in
          for column in 0..<destination.width {
            let (left, right) = (firsts[column] * block, min(columns.last, firsts[column] + 1) * block)
            let across = weights[column]
            let w = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
            let out = target + column * block
            var lane = 0
            while lane &+ 8 <= block {
              var sum = Lanes8.load(upper + left + lane) * w.0
              sum = sum.addingProduct(Lanes8.load(upper + right + lane), Lanes8.Lanes(repeating: w.1))
              sum = sum.addingProduct(Lanes8.load(lower + left + lane), Lanes8.Lanes(repeating: w.2))
              sum = sum.addingProduct(Lanes8.load(lower + right + lane), Lanes8.Lanes(repeating: w.3))
              Lanes8.store(sum, out + lane)
              lane &+= 8
            }
            while lane < block {
              out[lane] =
                upper[left + lane] * w.0 + upper[right + lane] * w.1 + lower[left + lane] * w.2 + lower[right + lane] * w.3
              lane &+= 1
            }
          }
        }
      }
    }
  }

  /// The gradient of x from that of y.
  package func backward(gradient y: FloatRegion, into x: FloatRegion) {
    let (from, to) = (y.base, x.base)
    let block = source.block
    ComputePool.forEach(parts: source.images * source.blocks * source.height) { item in
      let (line, row) = item.quotientAndRemainder(dividingBy: source.height)
      let (image, number) = line.quotientAndRemainder(dividingBy: source.blocks)
      let begin = from + image * destination.imageStride + number * destination.blockStride
      let target = to + image * source.imageStride + number * source.blockStride + row * source.width * block
      for column in 0..<source.width {
        var lane = 0
        while lane < block {
          let width = block - lane >= 8 ? 8 : 1
          var sum = Lanes8.Lanes.zero
          for takerRow in rows.takers[row] {
            let down = rows.weight(of: takerRow, for: row)
            var part = Lanes8.Lanes.zero
            for takerColumn in columns.takers[column] {
              let across = columns.weight(of: takerColumn, for: column)
              let place = begin + (takerRow * destination.width + takerColumn) * block + lane
              let value = width == 8 ? Lanes8.load(place) : Lanes8.Lanes(repeating: place[0])
              part = part.addingProduct(value, Lanes8.Lanes(repeating: across))
            }
            sum = sum.addingProduct(part, Lanes8.Lanes(repeating: down))
          }
          let out = target + column * block + lane
          if width == 8 { Lanes8.store(sum, out) } else { out[0] = sum[0] }
          lane += width
        }
      }
    }
  }
}
