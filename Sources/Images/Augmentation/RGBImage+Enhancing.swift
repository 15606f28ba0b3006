/// Changes toward or away from a plainer image, as Pillow's `ImageEnhance` defines them, bit for bit: factor 0 gives the plain one,
/// 1 this image, more exaggerates.
extension RGBImage {
  /// Toward black.
  package func withBrightness(_ factor: Double) -> RGBImage {
    RGBImage(width: width, height: height).interpolated(to: self, factor)
  }

  /// Toward the mean of the image's grey.
  package func withContrast(_ factor: Double) -> RGBImage {
    if pixels.isEmpty { return self }
    var sum = 0
    for index in stride(from: 0, to: pixels.count, by: 3) { sum += Int(grey(at: index)) }
    let mean = UInt8(Double(sum) / Double(width * height) + 0.5)
    return RGBImage(width: width, height: height, fill: RGBColour(mean, mean, mean)).interpolated(to: self, factor)
  }

  /// Toward the image in grey.
  package func withSaturation(_ factor: Double) -> RGBImage { inGrey.interpolated(to: self, factor) }

  /// Toward the image smoothed.
  package func withSharpness(_ factor: Double) -> RGBImage { smoothed.interpolated(to: self, factor) }

  /// The image in grey: (19595 R + 38470 G + 7471 B + 2^15) / 2^16 in all channels (ITU-R 601-2).
  package var inGrey: RGBImage {
    var result = self
    for index in stride(from: 0, to: pixels.count, by: 3) {
      let value = grey(at: index)
      (result.pixels[index], result.pixels[index + 1], result.pixels[index + 2]) = (value, value, value)
    }
    return result
  }

  @inline(__always)
  private func grey(at index: Int) -> UInt8 {
    let sum = 19595 * UInt32(pixels[index]) + 38470 * UInt32(pixels[index + 1]) + 7471 * UInt32(pixels[index + 2]) + 0x8000
    return UInt8(truncatingIfNeeded: sum >> 16)
  }

  /// Each pixel mixed with its eight neighbours, 5 : 1 each; the border stays.
  package var smoothed: RGBImage {
    var result = self
    if width < 3 || height < 3 { return result }
    let line = 3 * width
    result.pixels.withUnsafeMutableBufferPointer { output in
      pixels.withUnsafeBufferPointer { input in
        for y in 1..<height - 1 {
          for index in y * line + 3..<(y + 1) * line - 3 {
            var sum = 4 * Int32(input[index])
            for row in [index - line, index, index + line] {
              sum += Int32(input[row - 3]) + Int32(input[row]) + Int32(input[row + 3])
            }
            // Rounded to the nearest; thirteenths never lie halfway.
            output[index] = UInt8(truncatingIfNeeded: (2 * sum + 13) / 26)
          }
        }
      }
    }
    return result
  }

  /// Every value v of this image and w of another of the same size becomes v + factor (w - v), cut off to whole numbers from 0 to 255;
  /// in 32-bit numbers, as Pillow's `blend`.
  package func interpolated(to other: RGBImage, _ factor: Double) -> RGBImage {
    precondition(other.width == width && other.height == height, "images of one size")
    if factor == 0 { return self }
    if factor == 1 { return other }
    let share = Float(factor)
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      other.pixels.withUnsafeBufferPointer { goal in
        for index in 0..<output.count {
          let start = Int32(output[index])
          let value = Float(start) + share * Float(Int32(goal[index]) - start)
          output[index] = value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
        }
      }
    }
    return result
  }
}
