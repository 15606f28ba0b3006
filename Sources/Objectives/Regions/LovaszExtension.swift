import Tensors

/// The Lovász extension of the Jaccard loss of one class in one image, and its gradient by the errors.
///
/// With errors m sorted in descending order, the value is sum_i m_i (J_i - J_(i-1)), J_i = 1 - (G - F_i) / (G + B_i), where G pixels have
/// the class, and F_i of them and B_i others are among the first i. Equal errors keep the order of the pixels.
/// Cost: three counting passes of 10 bits over the errors' bit patterns, exact in float32.
struct LovaszExtension {
  /// Twice as many numbers as pixels.
  let keys: UnsafeMutablePointer<UInt64>
  /// 3 x 1024 numbers.
  let histograms: UnsafeMutablePointer<Int>

  private static let radix = 1024
  /// The bits of 1: errors lie in 0...1, and fit into 30 bits.
  private static let largest: UInt32 = 0x3F80_0000

  /// Room for the keys of `pixels` pixels and the histograms, in bytes.
  static func byteCount(pixels: Int) -> Int { 16 * pixels + 3 * radix * 8 }

  init(room: UnsafeMutableRawPointer, pixels: Int) {
    histograms = room.assumingMemoryBound(to: Int.self)
    keys = (room + 3 * LovaszExtension.radix * 8).assumingMemoryBound(to: UInt64.self)
  }

  /// Replaces the probabilities of a class by d(value)/d(probability) times `weight`, and returns the value.
  /// - Parameters:
  ///   - values: one a pixel; those of ignored pixels become 0.
  ///   - labels: one a pixel, negative = ignored.
  ///   - k: the class.
  func evaluate(
    _ values: UnsafeMutablePointer<Float>, labels: UnsafePointer<Int32>, pixels: Int, class k: Int32, weight: Double
  ) -> Double {
    let radix = LovaszExtension.radix
    for i in 0..<(3 &* radix) { histograms[i] = 0 }
    var count = 0
    var foreground = 0
    var isNumber = true
    for i in 0..<pixels where labels[i] >= 0 {
      let isForeground = labels[i] == k
      let error = isForeground ? 1 - values[i] : values[i]
      if error.isNaN { isNumber = false }
      if isForeground { foreground &+= 1 }
      // Ascending in the key is descending in the error.
      let key = LovaszExtension.largest &- min(LovaszExtension.largest, max(0, error).bitPattern)
      histograms[Int(key & 1023)] &+= 1
      histograms[radix &+ Int((key &>> 10) & 1023)] &+= 1
      histograms[2 &* radix &+ Int(key &>> 20)] &+= 1
      keys[count] = UInt64(key) &<< 32 | UInt64(UInt32(truncatingIfNeeded: i))
      count &+= 1
    }
    for i in 0..<pixels where labels[i] < 0 { values[i] = 0 }
    var source = keys
    var target = keys + pixels
    for digit in 0..<3 {
      let histogram = histograms + digit &* radix
      var start = 0
      for i in 0..<radix {
        let size = histogram[i]
        histogram[i] = start
        start &+= size
      }
      let shift = UInt64(32 &+ 10 &* digit)
      for i in 0..<count {
        let key = source[i]
        let bin = Int((key &>> shift) & 1023)
        target[histogram[bin]] = key
        histogram[bin] &+= 1
      }
      swap(&source, &target)
    }
    var hits = 0
    var previous = 0.0
    var value = 0.0
    for i in 0..<count {
      let pixel = Int(source[i] & 0xFFFF_FFFF)
      let isForeground = labels[pixel] == k
      if isForeground { hits &+= 1 }
      let union = Double(foreground &+ i &+ 1 &- hits)
      let jaccard = 1 - Double(foreground &- hits) / union
      let step = jaccard - previous
      previous = jaccard
      value += Double(isForeground ? 1 - values[pixel] : values[pixel]) * step
      values[pixel] = Float(isForeground ? -step * weight : step * weight)
    }
    return isNumber ? value * weight : .nan
  }
}
