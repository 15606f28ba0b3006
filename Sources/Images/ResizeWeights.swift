/// Which source pixels make one target pixel along an axis, and with what weights.
///
/// A triangle filter over half-pixel centres: plain linear interpolation when enlarging, and as wide as the shrinking factor when
/// shrinking, so that no source pixel is skipped (Pillow's `BILINEAR`). Weights are whole numbers that add up to about 2^22.
struct ResizeWeights {
  /// Bits behind the point.
  static let fractionBits = 22

  /// First source index of each target.
  private(set) var first: [Int] = []
  /// Number of sources of each target.
  private(set) var count: [Int] = []
  /// Where the weights of each target begin in `weights`.
  private(set) var start: [Int] = []
  /// The weights, target after target.
  private(set) var weights: [Int32] = []

  /// Prepares the targets of `window` out of `target` for an axis of `source` pixels.
  init(source: Int, target: Int, window: Range<Int>) {
    self.init(source: source, from: 0, to: Double(source), target: target, window: window)
  }

  /// Prepares the targets of `window` out of `target` for the stretch between two positions of an axis of `source` pixels. Pixels beside
  /// the stretch count where the filter reaches them.
  init(source: Int, from start: Double, to end: Double, target: Int, window: Range<Int>) {
    let scale = (end - start) / Double(target)
    let reach = max(1, scale)
    for index in window {
      let centre = start + (Double(index) + 0.5) * scale
      let lower = max(0, Int(centre - reach + 0.5))
      let upper = max(lower + 1, min(source, Int(centre + reach + 0.5)))
      var parts: [Double] = []
      for position in lower..<upper {
        parts.append(max(0, 1 - abs((Double(position) - centre + 0.5) * (1 / reach))))
      }
      let total = parts.reduce(0, +)
      first.append(lower)
      count.append(parts.count)
      self.start.append(weights.count)
      for part in parts {
        let share = total > 0 ? part / total : 1 / Double(parts.count)
        weights.append(Int32(share * Double(1 << ResizeWeights.fractionBits) + 0.5))
      }
    }
  }

  /// The nearest source index of each target of `window`, by pixel centres.
  static func nearest(source: Int, target: Int, window: Range<Int>) -> [Int] {
    let step = Double(source) / Double(target)
    // Positions are added up, not multiplied: rounding then falls as in Pillow, where a centre lies exactly between two pixels.
    var position = step * 0.5
    var indices: [Int] = []
    for index in 0..<window.upperBound {
      if index >= window.lowerBound { indices.append(min(source - 1, max(0, Int(position)))) }
      position += step
    }
    return indices
  }
}
