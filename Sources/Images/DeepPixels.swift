import Tensors

/// The pixels of a PNG of 16 bits as the file holds them.
struct DeepPixels {
  let width: Int
  let height: Int
  /// Samples of a pixel: grey, grey and alpha, red green blue, or these and alpha.
  let channels: Int
  /// `2 * channels * width * height` bytes, each sample in the order of this machine.
  let bytes: [UInt8]

  /// The samples that are colours: alpha is the last of 2 or 4.
  var colourChannels: Int { channels % 2 == 0 ? channels - 1 : channels }

  private func withSamples<Result>(_ body: (UnsafeBufferPointer<UInt16>) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes { try body($0.bindMemory(to: UInt16.self)) }
  }

  /// The image, where 8 bits hold every sample without loss: all are multiples of 257 (8 bits stretched to 16), or all have an empty lower
  /// half.
  var narrowImage: RGBImage? {
    var isStretched = true
    var isShifted = true
    withSamples { samples in
      let (channels, colours) = (channels, colourChannels)
      for pixel in 0..<width * height {
        for channel in 0..<colours {
          let value = samples[pixel &* channels &+ channel]
          if value >> 8 != value & 255 { isStretched = false }
          if value & 255 != 0 { isShifted = false }
        }
        if !isStretched && !isShifted { return }
      }
    }
    return isStretched || isShifted ? image { UInt8(truncatingIfNeeded: $0 >> 8) } : nil
  }

  /// The image with a range of values from black to white.
  func image(_ range: SampleRange) -> RGBImage {
    range.table.withUnsafeBufferPointer { table in image { table[Int($0)] } }
  }

  private func image(_ meaning: (UInt16) -> UInt8) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    let (channels, colours) = (channels, colourChannels)
    withSamples { samples in
      image.pixels.withUnsafeMutableBufferPointer { output in
        for pixel in 0..<width * height {
          for channel in 0..<3 {
            output[3 &* pixel &+ channel] = meaning(samples[pixel &* channels &+ (colours == 1 ? 0 : channel)])
          }
        }
      }
    }
    return image
  }

  /// Least and greatest sample.
  var extremes: (least: Int, greatest: Int) {
    var (least, greatest): (UInt16, UInt16) = (.max, 0)
    forEachSample { value in
      least = min(least, value)
      greatest = max(greatest, value)
    }
    return (Int(min(least, greatest)), Int(greatest))
  }

  /// Counts the samples.
  func survey(range: SampleRange?) -> DeepSamples {
    let (least, greatest) = extremes
    var result = DeepSamples(
      least: least, greatest: greatest, count: width * height * colourChannels, countBeyondRange: 0,
      bins: [Int](repeating: 0, count: 65536 / DeepSamples.binWidth))
    var beyond = 0
    result.bins.withUnsafeMutableBufferPointer { bins in
      forEachSample { value in
        bins[Int(value) / DeepSamples.binWidth] &+= 1
        if let range, Int(value) < range.low || Int(value) > range.high { beyond &+= 1 }
      }
    }
    result.countBeyondRange = beyond
    return result
  }

  private func forEachSample(_ body: (UInt16) -> Void) {
    withSamples { samples in
      let (channels, colours) = (channels, colourChannels)
      for pixel in 0..<width * height {
        for channel in 0..<colours { body(samples[pixel &* channels &+ channel]) }
      }
    }
  }

  /// What is said of a file without a range.
  func withoutRange(_ name: String) -> LongtailError {
    let (least, greatest) = extremes
    return LongtailError(
      .badData,
      "\(name): an image of 16 bits with values from \(least) to \(greatest), and data.range does not say which of them are black and white",
      advice: SampleRange.advice(least: least, greatest: greatest))
  }
}

extension SampleRange {
  /// How to choose a range for values that were found.
  public static func advice(least: Int, greatest: Int) -> String {
    let bits = max(8, Int.bitWidth - greatest.leadingZeroBitCount)
    let sensor = bits < 16 ? "[0, \(1 << bits - 1)] for a sensor of \(bits) bits, " : ""
    let measured = least < greatest ? "to the values of all images (longtail stats measures them; here [\(least), \(greatest)]), " : ""
    return "Set data.range, for instance \(measured)\(sensor)or [0, 65535] for all of 16 bits."
  }
}
