import Foundation

/// Changes of each channel's values by a table, as Pillow's `ImageOps` define them, bit for bit.
extension RGBImage {
  /// Values replaced by a table for each channel: 256 values for red, then for green, then for blue.
  package func mapped(_ table: [UInt8]) -> RGBImage {
    precondition(table.count == 768, "three tables of 256 values")
    var result = self
    table.withUnsafeBufferPointer { table in
      result.pixels.withUnsafeMutableBufferPointer { pixels in
        for index in stride(from: 0, to: pixels.count, by: 3) {
          pixels[index] = table[Int(pixels[index])]
          pixels[index + 1] = table[256 + Int(pixels[index + 1])]
          pixels[index + 2] = table[512 + Int(pixels[index + 2])]
        }
      }
    }
    return result
  }

  /// Values replaced by a function, the same for all channels.
  package func mapped(_ function: (Int) -> Int) -> RGBImage {
    let table = (0...255).map { UInt8(clamping: function($0)) }
    return mapped(table + table + table)
  }

  /// How often each value occurs: 256 counts for red, then for green, then for blue.
  package var histogram: [Int] {
    var counts = [Int](repeating: 0, count: 768)
    counts.withUnsafeMutableBufferPointer { counts in
      pixels.withUnsafeBufferPointer { pixels in
        for index in stride(from: 0, to: pixels.count, by: 3) {
          counts[Int(pixels[index])] += 1
          counts[256 + Int(pixels[index + 1])] += 1
          counts[512 + Int(pixels[index + 2])] += 1
        }
      }
    }
    return counts
  }

  /// The negative.
  package var inverted: RGBImage { mapped { 255 - $0 } }

  /// Only the highest bits of each value kept.
  /// - Parameter bits: 0 to 8; 8 changes nothing.
  package func posterized(bits: Int) -> RGBImage {
    let mask = ~((1 << (8 - min(8, max(0, bits)))) - 1)
    return mapped { $0 & mask }
  }

  /// Values from a threshold on inverted; 256 changes nothing.
  package func solarized(from threshold: Double) -> RGBImage { mapped { Double($0) < threshold ? $0 : 255 - $0 } }

  /// Values v raised to a power on a scale from 0 to 1: below 1 brightens, above 1 darkens. The table is that of torchvision's
  /// `adjust_gamma` for Pillow's images: (256 - 0.001) (v / 255)^gamma, cut off to whole numbers.
  package func withGamma(_ gamma: Double) -> RGBImage { mapped { Int((255 + 1 - 1e-3) * pow(Double($0) / 255.0, gamma)) } }

  /// Each channel stretched to the whole range from 0 to 255.
  package var withAutomaticContrast: RGBImage {
    let counts = histogram
    var table: [UInt8] = []
    for channel in 0..<3 {
      let part = counts[256 * channel..<256 * channel + 256]
      let low = (part.firstIndex { $0 > 0 } ?? part.startIndex) - part.startIndex
      let high = (part.lastIndex { $0 > 0 } ?? part.startIndex) - part.startIndex
      if high <= low {
        table += (0...255).map(UInt8.init)
      } else {
        let scale = 255.0 / Double(high - low)
        let offset = -Double(low) * scale
        table += (0...255).map { UInt8(clamping: Int(Double($0) * scale + offset)) }
      }
    }
    return mapped(table)
  }

  /// Each channel's values spread so that all are about equally frequent.
  package var equalized: RGBImage {
    let counts = histogram
    var table: [UInt8] = []
    for channel in 0..<3 {
      let part = Array(counts[256 * channel..<256 * channel + 256])
      let occurring = part.filter { $0 > 0 }
      let step = (occurring.reduce(0, +) - (occurring.last ?? 0)) / 255
      if occurring.count <= 1 || step == 0 {
        table += (0...255).map(UInt8.init)
        continue
      }
      var sum = step / 2
      for count in part {
        table.append(UInt8(clamping: sum / step))
        sum += count
      }
    }
    return mapped(table)
  }
}
