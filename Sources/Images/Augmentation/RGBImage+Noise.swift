import Foundation
import Tensors

/// Normal numbers by a table: 4096 equally likely steps, up to 3.7 deviations either way.
///
/// Step k is the normal distribution's quantile at (k + 0.5) / 4096. For noise on values of 8 bits that is close enough to normal, and a
/// look-up costs far less than logarithms.
enum NormalTable {
  /// Steps, a power of 2.
  static let count = 4096

  /// The quantiles, from the least to the greatest.
  static let values: [Float] = {
    var upper: [Float] = []
    for step in count / 2..<count {
      let share = (Double(step) + 0.5) / Double(count)
      // Newton's method from the left: the distribution is concave there, so that it never overshoots.
      var x = 0.0
      for _ in 0..<100 {
        let error = share - 0.5 * erfc(-x / 2.0.squareRoot())
        let next = x + error * (2 * Double.pi).squareRoot() * exp(x * x / 2)
        if next == x || abs(error) < 1e-15 { break }
        x = next
      }
      upper.append(Float(x))
    }
    return upper.reversed().map { -$0 } + upper
  }()
}

extension RGBImage {
  /// Each value with normal noise of this deviation, rounded to the nearest whole number (halves to even) and cut off to 0 to 255.
  ///
  /// Value i, in the order of the pixels' bytes, gets the 16 bits number i of the random stream (low halves of its 32-bit words first), of
  /// which the upper 12 choose a step of the table. Costs a block of random numbers for eight values.
  /// - Parameters:
  ///   - deviation: in steps of the 8 bits.
  ///   - random: the numbers.
  package func withNoise(deviation: Double, random: ViewRandom) -> RGBImage {
    if deviation <= 0 { return self }
    let strength = Float(deviation)
    var result = self
    let table = NormalTable.values
    table.withUnsafeBufferPointer { table in
      result.pixels.withUnsafeMutableBufferPointer { pixels in
        let count = pixels.count
        var index = 0
        var block = 0
        while index < count {
          let words = random.block(block)
          for lane in 0..<4 {
            let word = words[lane]
            if index < count {
              pixels[index] = RGBImage.noisy(pixels[index], strength * table[Int((word & 0xFFFF) >> 4)])
              index &+= 1
            }
            if index < count {
              pixels[index] = RGBImage.noisy(pixels[index], strength * table[Int(word >> 20)])
              index &+= 1
            }
          }
          block &+= 1
        }
      }
    }
    return result
  }

  @inline(__always)
  private static func noisy(_ value: UInt8, _ noise: Float) -> UInt8 {
    let sum = (Float(value) + noise).rounded(.toNearestOrEven)
    return sum <= 0 ? 0 : sum >= 255 ? 255 : UInt8(sum)
  }
}
