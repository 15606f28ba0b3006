extension RGBImage {
  /// Resamples with a triangle filter, as Pillow's `resize(…, BILINEAR)` does, bit for bit.
  ///
  /// Columns first, then rows, rounded to 8 bits in between. (Pillow 13 takes rows first where an image gets wider and lower
  /// at once; values may then differ by 1.) Costs about `3 * (targetWidth * height + targetWidth * targetHeight)`
  /// multiplications times the filter's width.
  /// - Parameters:
  ///   - target: columns of the whole result, at least 1.
  ///   - targetHeight: rows of the whole result, at least 1.
  ///   - columns: the columns of the result that are wanted, all by default.
  ///   - rows: the rows that are wanted, all by default.
  public func resized(width target: Int, height targetHeight: Int, columns: Range<Int>? = nil, rows: Range<Int>? = nil) -> RGBImage {
    let columns = (columns ?? 0..<target).clamped(to: 0..<max(0, target))
    let rows = (rows ?? 0..<targetHeight).clamped(to: 0..<max(0, targetHeight))
    if width == 0 || height == 0 || columns.isEmpty || rows.isEmpty { return RGBImage(width: columns.count, height: rows.count) }
    let vertical = ResizeWeights(source: height, target: targetHeight, window: rows)
    let top = vertical.first[0]
    let last = rows.count - 1
    let bottom = vertical.first[last] + vertical.count[last]
    if target == width && columns == 0..<width {
      return cropped(x: 0..<width, y: top..<bottom).resizedRows(vertical, offset: top, count: rows.count)
    }
    let horizontal = ResizeWeights(source: width, target: target, window: columns)
    return resizedColumns(horizontal, count: columns.count, rows: top..<bottom).resizedRows(vertical, offset: top, count: rows.count)
  }

  /// The wanted columns of some rows.
  func resizedColumns(_ table: ResizeWeights, count: Int, rows: Range<Int>) -> RGBImage {
    let width = self.width
    let result = [UInt8](unsafeUninitializedCapacity: 3 * count * rows.count) { output, written in
      pixels.withUnsafeBufferPointer { input in
        for y in rows {
          let line = 3 * y * width
          let outputLine = 3 * (y - rows.lowerBound) * count
          for x in 0..<count {
            var red = Self.half
            var green = Self.half
            var blue = Self.half
            let begin = line + 3 * table.first[x]
            for k in 0..<table.count[x] {
              let weight = table.weights[table.start[x] &+ k]
              let source = begin &+ 3 &* k
              red &+= weight &* Int32(input[source])
              green &+= weight &* Int32(input[source &+ 1])
              blue &+= weight &* Int32(input[source &+ 2])
            }
            output[outputLine + 3 * x] = Self.rounded(red)
            output[outputLine + 3 * x + 1] = Self.rounded(green)
            output[outputLine + 3 * x + 2] = Self.rounded(blue)
          }
        }
      }
      written = 3 * count * rows.count
    }
    return RGBImage(width: count, height: rows.count, unchecked: result)
  }

  /// The wanted rows of an image whose first row is row `offset` of the source.
  func resizedRows(_ table: ResizeWeights, offset: Int, count: Int) -> RGBImage {
    if count == height && table.count.allSatisfy({ $0 == 1 }) { return self }
    let line = 3 * width
    let result = [UInt8](unsafeUninitializedCapacity: line * count) { output, written in
      pixels.withUnsafeBufferPointer { input in
        var sums = [Int32](repeating: Self.half, count: line)
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<count {
            for x in 0..<line { sums[x] = Self.half }
            for k in 0..<table.count[y] {
              let weight = table.weights[table.start[y] + k]
              let source = (table.first[y] - offset + k) * line
              for x in 0..<line { sums[x] &+= weight &* Int32(input[source &+ x]) }
            }
            for x in 0..<line { output[y * line + x] = Self.rounded(sums[x]) }
          }
        }
      }
      written = line * count
    }
    return RGBImage(width: width, height: count, unchecked: result)
  }

  private static let half: Int32 = 1 << Int32(ResizeWeights.fractionBits - 1)

  @inline(__always)
  private static func rounded(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(255, max(0, sum >> Int32(ResizeWeights.fractionBits))))
  }

  /// Resamples by repeating or dropping pixels: crisp edges for enlarged images.
  public func resizedNearest(width target: Int, height targetHeight: Int) -> RGBImage {
    var result = RGBImage(width: target, height: targetHeight)
    if width == 0 || height == 0 || result.pixels.isEmpty { return result }
    let columns = ResizeWeights.nearest(source: width, target: target, window: 0..<target)
    let rows = ResizeWeights.nearest(source: height, target: targetHeight, window: 0..<targetHeight)
    for y in 0..<targetHeight {
      for x in 0..<target { result[x, y] = self[columns[x], rows[y]] }
    }
    return result
  }
}

extension LabelImage {
  /// Resamples by nearest neighbour, as Pillow's `resize(…, NEAREST)` does: numbers are never mixed.
  /// - Parameters:
  ///   - target: columns of the whole result, at least 1.
  ///   - targetHeight: rows of the whole result, at least 1.
  ///   - columns: the columns of the result that are wanted, all by default.
  ///   - rows: the rows that are wanted, all by default.
  public func resized(width target: Int, height targetHeight: Int, columns: Range<Int>? = nil, rows: Range<Int>? = nil) -> LabelImage {
    let columns = (columns ?? 0..<target).clamped(to: 0..<max(0, target))
    let rows = (rows ?? 0..<targetHeight).clamped(to: 0..<max(0, targetHeight))
    var result = LabelImage(width: columns.count, height: rows.count)
    if width == 0 || height == 0 || result.labels.isEmpty { return result }
    let sourceColumns = ResizeWeights.nearest(source: width, target: target, window: columns)
    let sourceRows = ResizeWeights.nearest(source: height, target: targetHeight, window: rows)
    let width = self.width
    result.labels.withUnsafeMutableBufferPointer { output in
      labels.withUnsafeBufferPointer { input in
        for y in sourceRows.indices {
          let line = sourceRows[y] * width
          for x in sourceColumns.indices { output[y * sourceColumns.count + x] = input[line + sourceColumns[x]] }
        }
      }
    }
    return result
  }
}
