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
    let source = sortedKeys(count: count, room: pixels)
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

  /// Sorts the keys by their upper halves, equal ones in their order; the histograms are those of the three digits.
  /// - Parameter room: keys that fit into one half of the memory.
  private func sortedKeys(count: Int, room: Int) -> UnsafeMutablePointer<UInt64> {
    let radix = LovaszExtension.radix
    var source = keys
    var target = keys + room
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
    return source
  }

  /// The same for pixels with weights, and with second labels: each of a pixel's labels is an entry of its own, with the part's weight.
  ///
  /// G, F and B are sums of weights then, so that a pixel of weight w stands for w pixels.
  /// - Parameters:
  ///   - values: the probabilities, one a pixel; replaced by the gradient that belongs to first labels.
  ///   - seconds: receives the gradient that belongs to second labels, if there are two parts.
  ///   - parts: one or two; the room holds an entry for each and every pixel.
  ///   - rows: the image's rows.
  ///   - k: the class.
  func evaluate(
    _ values: UnsafeMutablePointer<Float>, _ seconds: UnsafeMutablePointer<Float>?, parts: [RowPart], rows: Range<Int>, class k: Int32,
    weight: Double
  ) -> Double {
    let radix = LovaszExtension.radix
    for i in 0..<(3 &* radix) { histograms[i] = 0 }
    var count = 0
    var foreground = 0.0
    var isNumber = true
    for i in 0..<rows.count {
      for (number, part) in parts.enumerated() {
        let entry = part.entry(at: rows.lowerBound &+ i)
        if entry.label < 0 { continue }
        let isForeground = entry.label == k
        let error = isForeground ? 1 - values[i] : values[i]
        if error.isNaN { isNumber = false }
        if isForeground { foreground += Double(entry.weight) }
        let key = LovaszExtension.largest &- min(LovaszExtension.largest, max(0, error).bitPattern)
        histograms[Int(key & 1023)] &+= 1
        histograms[radix &+ Int((key &>> 10) & 1023)] &+= 1
        histograms[2 &* radix &+ Int(key &>> 20)] &+= 1
        keys[count] = UInt64(key) &<< 32 | UInt64(UInt32(truncatingIfNeeded: i &* 2 &+ number))
        count &+= 1
      }
    }
    for i in 0..<rows.count {
      values[i] = 0
      seconds?[i] = 0
    }
    let source = sortedKeys(count: count, room: rows.count &* parts.count)
    var hits = 0.0
    var others = 0.0
    var previous = 0.0
    var value = 0.0
    for i in 0..<count {
      let place = Int(source[i] & 0xFFFF_FFFF)
      let entry = parts[place & 1].entry(at: rows.lowerBound &+ place / 2)
      let isForeground = entry.label == k
      if isForeground { hits += Double(entry.weight) } else { others += Double(entry.weight) }
      let union = foreground + others
      let jaccard = union > 0 ? 1 - (foreground - hits) / union : 0
      let step = jaccard - previous
      previous = jaccard
      // The error, from its key.
      let error = Float(bitPattern: LovaszExtension.largest &- UInt32(source[i] &>> 32))
      value += Double(error) * step
      let slope = Float(isForeground ? -step * weight : step * weight)
      if place & 1 == 0 { values[place / 2] = slope } else { seconds?[place / 2] = slope }
    }
    return isNumber ? value * weight : .nan
  }
}
