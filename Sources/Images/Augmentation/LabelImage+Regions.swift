/// Pixels of one number that hang together, by edges or corners.
package struct LabelRegion: Sendable, Equatable {
  /// The columns that it touches.
  package var x: Range<Int>
  /// The rows that it touches.
  package var y: Range<Int>
  /// The number of its pixels.
  package var area: Int
  /// Within its columns and rows, 1 at its pixels and 0 elsewhere.
  package var mask: LabelImage
}

extension LabelImage {
  /// The connected regions of a number, in the order of their first pixels from the upper left. Diagonal neighbours are connected.
  ///
  /// Costs a pass over the map, and some work for each pixel of the number. Memory: a byte a pixel, and the regions.
  /// - Parameters:
  ///   - label: the number.
  ///   - smallest: regions of fewer pixels are left out.
  package func regions(of label: UInt8, smallest: Int = 1) -> [LabelRegion] {
    let (width, height) = (self.width, self.height)
    var found: [LabelRegion] = []
    var open = labels.map { $0 == label }
    var members: [Int] = []
    open.withUnsafeMutableBufferPointer { open in
      for first in 0..<open.count where open[first] {
        members.removeAll(keepingCapacity: true)
        members.append(first)
        open[first] = false
        var (left, right, top, bottom) = (first % width, first % width, first / width, first / width)
        var next = 0
        while next < members.count {
          let (x, y) = (members[next] % width, members[next] / width)
          next += 1
          left = min(left, x)
          right = max(right, x)
          top = min(top, y)
          bottom = max(bottom, y)
          for row in max(0, y - 1)...min(height - 1, y + 1) {
            for column in max(0, x - 1)...min(width - 1, x + 1) where open[row * width + column] {
              open[row * width + column] = false
              members.append(row * width + column)
            }
          }
        }
        if members.count < smallest { continue }
        var mask = LabelImage(width: right - left + 1, height: bottom - top + 1, fill: 0)
        for place in members { mask[place % width - left, place / width - top] = 1 }
        found.append(LabelRegion(x: left..<right + 1, y: top..<bottom + 1, area: members.count, mask: mask))
      }
    }
    return found
  }

  /// How many pixels of a window have a number, once the map is resized as `resized` would do it. Costs a reading of each pixel of the
  /// window, and makes no map.
  /// - Parameters:
  ///   - label: the number.
  ///   - size: columns and rows of the whole resized map.
  ///   - columns: of the resized map.
  ///   - rows: of the resized map.
  package func count(of label: UInt8, resizedTo size: ImageSize, columns: Range<Int>, rows: Range<Int>) -> Int {
    let columns = columns.clamped(to: 0..<max(0, size.width))
    let rows = rows.clamped(to: 0..<max(0, size.height))
    if width == 0 || height == 0 || columns.isEmpty || rows.isEmpty { return 0 }
    let sourceColumns = ResizeWeights.nearest(source: width, target: size.width, window: columns)
    let sourceRows = ResizeWeights.nearest(source: height, target: size.height, window: rows)
    let width = self.width
    return labels.withUnsafeBufferPointer { labels in
      sourceColumns.withUnsafeBufferPointer { sourceColumns in
        var count = 0
        for row in sourceRows {
          let line = row * width
          for column in sourceColumns where labels[line &+ column] == label { count &+= 1 }
        }
        return count
      }
    }
  }

  /// The place of pixel number `number` of those with a label, counted row by row; nil where there are fewer.
  package func place(of label: UInt8, number: Int) -> (x: Int, y: Int)? {
    var left = number
    return labels.withUnsafeBufferPointer { labels in
      for index in labels.indices where labels[index] == label {
        if left == 0 { return (index % width, index / width) }
        left -= 1
      }
      return nil
    }
  }
}
