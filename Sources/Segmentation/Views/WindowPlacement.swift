import Images

/// Where windows lie that cover an image.
package enum WindowPlacement {
  /// The beginnings of windows along an axis: from 0 on in equal strides that leave at least `overlap` of a window to its neighbour, the
  /// last one flush with the end. One window at 0 where the axis is no longer than a window.
  /// - Parameter overlap: a share of the window, from 0 to below 1.
  package static func starts(extent: Int, window: Int, overlap: Double) -> [Int] {
    guard extent > window, window > 0 else { return [0] }
    let stride = max(1, Int((Double(window) * (1 - overlap)).rounded(.down)))
    let count = (extent - window + stride - 1) / stride + 1
    return (0..<count).map { min($0 * stride, extent - window) }
  }
}
