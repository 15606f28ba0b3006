extension LabelImage {
  /// Columns and rows.
  package var size: ImageSize { ImageSize(width: width, height: height) }

  /// The part within columns `x` and rows `y`, as far as they are in the map.
  package func cropped(x: Range<Int>, y: Range<Int>) -> LabelImage {
    let x = x.clamped(to: 0..<width)
    let y = y.clamped(to: 0..<height)
    if x == 0..<width && y == 0..<height { return self }
    var part = LabelImage(width: x.count, height: y.count)
    part.paste(self, x: -x.lowerBound, y: -y.lowerBound)
    return part
  }

  /// Puts another map with its upper left corner at (x, y); what does not fit is left out.
  package mutating func paste(_ map: LabelImage, x: Int, y: Int) {
    let first = max(0, -x)
    let count = min(map.width, width - x) - first
    if count <= 0 { return }
    let width = self.width
    labels.withUnsafeMutableBufferPointer { output in
      map.labels.withUnsafeBufferPointer { input in
        for row in max(0, -y)..<max(max(0, -y), min(map.height, height - y)) {
          let target = (y + row) * width + x + first
          let source = row * map.width + first
          for column in 0..<count { output[target &+ column] = input[source &+ column] }
        }
      }
    }
  }

  /// The map mirrored left to right.
  package func mirrored() -> LabelImage {
    var result = self
    let width = self.width
    result.labels.withUnsafeMutableBufferPointer { output in
      labels.withUnsafeBufferPointer { input in
        for row in 0..<height {
          for column in 0..<width { output[row * width + width - 1 - column] = input[row * width + column] }
        }
      }
    }
    return result
  }

  /// A window of this size with its upper left corner at (x, y), which may lie outside; what is outside has one number.
  package func window(x: Int, y: Int, size: ImageSize, fill: UInt8 = LabelImage.ignored) -> LabelImage {
    if x == 0 && y == 0 && size == self.size { return self }
    var result = LabelImage(width: size.width, height: size.height, fill: fill)
    result.paste(self, x: -x, y: -y)
    return result
  }
}
