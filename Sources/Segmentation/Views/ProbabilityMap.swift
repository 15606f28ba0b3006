import Foundation
import Images
import Tensors
import Threading

/// The probability of each class at each pixel of an image.
package struct ProbabilityMap: Sendable {
  /// Number of classes C.
  package let classes: Int
  /// Extents of the image.
  package let size: ImageSize
  /// A plane for each class, C,H,W.
  package private(set) var values: [Float]

  /// All probabilities 0. Cost: 4 C H W bytes.
  package init(classes: Int, size: ImageSize) {
    (self.classes, self.size) = (classes, size)
    values = [Float](repeating: 0, count: classes * size.width * size.height)
  }

  /// Probabilities that are known.
  /// - Parameter values: a plane for each class, C,H,W.
  /// - Throws: `LongtailError` for another number of values.
  package init(classes: Int, size: ImageSize, values: [Float]) throws {
    guard values.count == classes * size.width * size.height else {
      throw LongtailError(.internalError, "\(values.count) probabilities for \(classes) classes of \(size.width) x \(size.height) pixels")
    }
    (self.classes, self.size, self.values) = (classes, size, values)
  }

  /// The most probable class of each pixel, the first of equal ones.
  package func predictions() -> [Int32] {
    let plane = size.width * size.height
    var result = [Int32](repeating: 0, count: plane)
    result.withUnsafeMutableBufferPointer { result in
      values.withUnsafeBufferPointer { values in
        ComputePool.forEachRange(of: plane) { range in
          for pixel in range {
            var (best, chosen) = (values[pixel], 0)
            for k in 1..<max(1, classes) where values[k * plane + pixel] > best { (best, chosen) = (values[k * plane + pixel], k) }
            result[pixel] = Int32(chosen)
          }
        }
      }
    }
    return result
  }

  /// Multiplies each pixel by its factor.
  mutating func scale(by factors: [Float]) {
    let plane = size.width * size.height
    values.withUnsafeMutableBufferPointer { values in
      for k in 0..<classes { for pixel in 0..<plane { values[k * plane + pixel] *= factors[pixel] } }
    }
  }

  /// Adds the softmax of rows of scores in the window that begins at column `x`, row `y`; what reaches beyond the map is left out.
  ///
  /// Cost: C exponentials a pixel, spread over the compute threads.
  /// - Parameters:
  ///   - scores: rows of images of `columns` columns.
  ///   - image: which image.
  ///   - window: the part of the rows that is not padding.
  ///   - temperature: what scores are divided by before.
  package mutating func addSoftmax(
    _ scores: RowsView, image: Int = 0, columns: Int, window: ImageSize, x: Int, y: Int, temperature: Double = 1
  ) {
    let plane = size.width * size.height
    let width = size.width
    let (right, below) = (min(window.width, size.width - x), min(window.height, size.height - y))
    guard right > 0, below > 0 else { return }
    let offsets = (0..<classes).map { scores.index(image: image, row: 0, class: $0) }
    let stride = scores.rowStride
    let scale = Float(1 / temperature)
    values.withUnsafeMutableBufferPointer { values in
      scores.buffer.withFloats { scores in
        ComputePool.forEachRange(of: below) { rows in
          var exponentials = [Float](repeating: 0, count: offsets.count)
          for row in rows {
            for column in 0..<right {
              let source = (row * columns + column) * stride
              var highest = -Float.infinity
              for offset in offsets { highest = max(highest, scores[offset + source]) }
              var sum: Float = 0
              for (k, offset) in offsets.enumerated() {
                exponentials[k] = exp((scores[offset + source] - highest) * scale)
                sum += exponentials[k]
              }
              let target = (y + row) * width + x + column
              for k in offsets.indices { values[k * plane + target] += exponentials[k] / sum }
            }
          }
        }
      }
    }
  }

  /// The same at another size, resampled bilinearly with half-pixel centres.
  func resized(to size: ImageSize) -> ProbabilityMap {
    if size == self.size { return self }
    var result = ProbabilityMap(classes: classes, size: size)
    result.add(self, weight: 1, mirrored: false)
    return result
  }

  /// Adds `weight` times another map, resampled bilinearly with half-pixel centres to this one's size, mirrored left to right if asked.
  mutating func add(_ other: ProbabilityMap, weight: Float, mirrored: Bool) {
    let (from, to) = (other.size, size)
    let across = (0..<to.width).map { LinearPlacement(mirrored ? to.width - 1 - $0 : $0, from: from.width, to: to.width) }
    values.withUnsafeMutableBufferPointer { target in
      other.values.withUnsafeBufferPointer { source in
        ComputePool.forEachRange(of: classes * to.height) { lines in
          for line in lines {
            let (k, row) = line.quotientAndRemainder(dividingBy: to.height)
            let vertical = LinearPlacement(row, from: from.height, to: to.height)
            let (top, bottom, down) = (vertical.lower, vertical.upper, vertical.weight)
            let upper = (k * from.height + top) * from.width
            let lower = (k * from.height + bottom) * from.width
            for x in 0..<to.width {
              let (left, right, over) = (across[x].lower, across[x].upper, across[x].weight)
              let above = source[upper + left] + (source[upper + right] - source[upper + left]) * over
              let below = source[lower + left] + (source[lower + right] - source[lower + left]) * over
              target[line * to.width + x] += weight * (above + (below - above) * down)
            }
          }
        }
      }
    }
  }
}
