extension RGBImage {
  /// The part within columns `x` and rows `y`, as far as they are in the image.
  public func cropped(x: Range<Int>, y: Range<Int>) -> RGBImage {
    let x = x.clamped(to: 0..<width)
    let y = y.clamped(to: 0..<height)
    if x == 0..<width && y == 0..<height { return self }
    let part = [UInt8](unsafeUninitializedCapacity: 3 * x.count * y.count) { output, count in
      pixels.withUnsafeBufferPointer { input in
        for row in y {
          let line = 3 * (row * width + x.lowerBound)
          for index in 0..<3 * x.count { output[3 * (row - y.lowerBound) * x.count + index] = input[line + index] }
        }
      }
      count = 3 * x.count * y.count
    }
    return RGBImage(width: x.count, height: y.count, unchecked: part)
  }

  /// The image mirrored left to right.
  public func mirrored() -> RGBImage {
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      pixels.withUnsafeBufferPointer { input in
        for row in 0..<height {
          for column in 0..<width {
            let source = 3 * (row * width + column)
            let target = 3 * (row * width + width - 1 - column)
            for channel in 0..<3 { output[target + channel] = input[source + channel] }
          }
        }
      }
    }
    return result
  }
}
