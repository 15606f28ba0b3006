import Foundation

extension RGBImage {
  /// Blurred with a Gaussian of this deviation in pixels, as Pillow's `GaussianBlur` approximates it, bit for bit: three running means a
  /// direction whose windows may end within pixels (Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box
  /// filtering", SSVM 2011). The border repeats. Costs six passes, whatever the deviation.
  package func blurred(deviation: Double) -> RGBImage {
    if deviation <= 0 || pixels.isEmpty { return self }
    let radius = RGBImage.boxRadius(Float(deviation))
    if radius == 0 { return self }
    var result = self
    for _ in 0..<3 { result = result.withMeansOfRows(radius: radius) }
    result = result.transposed
    for _ in 0..<3 { result = result.withMeansOfRows(radius: radius) }
    return result.transposed
  }

  /// The radius of a window of which three in a row have the Gaussian's variance; in the precision that Pillow has.
  private static func boxRadius(_ deviation: Float) -> Float {
    let variance = Float(Double(deviation * deviation) / 3)
    // 1 + 12 variance is the square of the side of a window that ends within pixels.
    let length = Float((12.0 * Double(variance) + 1.0).squareRoot())
    let whole = Float(((Double(length) - 1.0) / 2.0).rounded(.down))
    let numerator = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    let divisor = 6 * (variance - (whole + 1) * (whole + 1))
    return whole + numerator / divisor
  }

  /// Each pixel becomes the mean of its row within `radius`, the outermost pixels counting in part.
  private func withMeansOfRows(radius: Float) -> RGBImage {
    let whole = Int(radius)
    let weight = UInt32(Float(1 << 24) / (radius * 2 + 1))
    let edge = (UInt32(1 << 24) &- UInt32(2 * whole + 1) &* weight) / 2
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { output in
      pixels.withUnsafeBufferPointer { input in
        for y in 0..<height {
          let line = 3 * y * width
          for channel in 0..<3 {
            func value(_ x: Int) -> UInt32 { UInt32(input[line + 3 * min(width - 1, max(0, x)) + channel]) }
            var sum: UInt32 = 0
            for x in -whole...whole { sum &+= value(x) }
            for x in 0..<width {
              let total = sum &* weight &+ (value(x - whole - 1) &+ value(x + whole + 1)) &* edge
              output[line + 3 * x + channel] = UInt8(truncatingIfNeeded: (total &+ (1 << 23)) >> 24)
              sum = sum &- value(x - whole) &+ value(x + whole + 1)
            }
          }
        }
      }
    }
    return result
  }

  private var transposed: RGBImage { upright(.transposed) }
}
