/// Changes toward or away from a plainer image, as Pillow's `ImageEnhance` defines them, bit for bit: factor 0 gives the plain one,
/// 1 this image, more exaggerates.
extension RGBImage {
  /// Toward black.
  package func withBrightness(_ factor: Double) -> RGBImage { blended(from: 0, factor) }

  /// Toward the mean of the image's grey.
  package func withContrast(_ factor: Double) -> RGBImage {
    if pixels.isEmpty { return self }
    let sum = pixels.withUnsafeBufferPointer { pixels in
      stride(from: 0, to: pixels.count, by: 3).reduce(0) { $0 + Int(RGBImage.grey(pixels, $1)) }
    }
    return blended(from: Int32(Double(sum) / Double(width * height) + 0.5), factor)
  }

  /// Toward the image in grey.
  package func withSaturation(_ factor: Double) -> RGBImage {
    if factor == 0 { return inGrey }
    if factor == 1 { return self }
    let share = Float(factor)
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      pixels.withUnsafeBufferPointer { input in
        for index in stride(from: 0, to: input.count, by: 3) {
          let value = Int32(RGBImage.grey(input, index))
          output[index] = RGBImage.blend(from: value, to: Int32(input[index]), share)
          output[index &+ 1] = RGBImage.blend(from: value, to: Int32(input[index &+ 1]), share)
          output[index &+ 2] = RGBImage.blend(from: value, to: Int32(input[index &+ 2]), share)
        }
      }
    }
    return result
  }

  /// Toward the image smoothed.
  package func withSharpness(_ factor: Double) -> RGBImage { smoothed.interpolated(to: self, factor) }

  /// The image in grey: (19595 R + 38470 G + 7471 B + 2^15) / 2^16 in all channels (ITU-R 601-2).
  package var inGrey: RGBImage {
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      pixels.withUnsafeBufferPointer { input in
        for index in stride(from: 0, to: input.count, by: 3) {
          let value = RGBImage.grey(input, index)
          (output[index], output[index &+ 1], output[index &+ 2]) = (value, value, value)
        }
      }
    }
    return result
  }

  @inline(__always)
  private static func grey(_ pixels: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt8 {
    let sum = 19595 &* UInt32(pixels[index]) &+ 38470 &* UInt32(pixels[index &+ 1]) &+ 7471 &* UInt32(pixels[index &+ 2])
    return UInt8(truncatingIfNeeded: (sum &+ 0x8000) >> 16)
  }

  /// `start + share (goal - start)`, cut off to whole numbers from 0 to 255; in 32-bit numbers, as Pillow's `blend`.
  @inline(__always)
  private static func blend(from start: Int32, to goal: Int32, _ share: Float) -> UInt8 {
    UInt8(min(255, max(0, Float(start) + share * Float(goal &- start))))
  }

  /// Every value away from one grey, by a table: 256 values are blended instead of all pixels.
  private func blended(from start: Int32, _ factor: Double) -> RGBImage {
    if factor == 1 { return self }
    return mapped { Int(RGBImage.blend(from: start, to: Int32($0), Float(factor))) }
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

  /// Every value v of this image and w of another of the same size becomes v + factor (w - v), cut off to whole numbers from 0 to 255.
  package func interpolated(to other: RGBImage, _ factor: Double) -> RGBImage {
    precondition(other.width == width && other.height == height, "images of one size")
    if factor == 0 { return self }
    if factor == 1 { return other }
    let share = Float(factor)
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      other.pixels.withUnsafeBufferPointer { goal in
        for index in 0..<output.count {
          output[index] = RGBImage.blend(from: Int32(output[index]), to: Int32(goal[index]), share)
        }
      }
    }
    return result
  }
}
