import Images
import Tensors
import Threading

/// Class scores brought to another size before the best class is taken, as benchmarks score predictions at the label's own size.
package enum LogitsResampling {
  /// The best class of each pixel of an image of `size`, from scores interpolated bilinearly with half-pixel centres.
  ///
  /// Cost: 4 C multiplications a pixel, spread over the compute threads.
  /// - Parameters:
  ///   - logits: rows of scores, of images of `columns` columns with padding at the right and below.
  ///   - image: which image.
  ///   - valid: the part of the rows that is not padding.
  package static func predictions(of logits: RowsView, image: Int, columns: Int, valid: ImageSize, size: ImageSize) -> [Int32] {
    var predictions = [Int32](repeating: 0, count: size.width * size.height)
    let offsets = (0..<logits.classes).map { logits.index(image: image, row: 0, class: $0) }
    let stride = logits.rowStride
    let across = (0..<size.width).map { LinearPlacement($0, from: valid.width, to: size.width) }
    predictions.withUnsafeMutableBufferPointer { target in
      logits.buffer.withFloats { scores in
        ComputePool.forEachRange(of: size.height) { rows in
          for y in rows {
            let vertical = LinearPlacement(y, from: valid.height, to: size.height)
            let (top, bottom, down) = (vertical.lower, vertical.upper, vertical.weight)
            for x in 0..<size.width {
              let (left, right, over) = (across[x].lower, across[x].upper, across[x].weight)
              let (a, b) = ((top * columns + left) * stride, (top * columns + right) * stride)
              let (c, d) = ((bottom * columns + left) * stride, (bottom * columns + right) * stride)
              var best = -Float.infinity
              var chosen = 0
              for (k, offset) in offsets.enumerated() {
                let upper = scores[offset + a] + (scores[offset + b] - scores[offset + a]) * over
                let lower = scores[offset + c] + (scores[offset + d] - scores[offset + c]) * over
                let score = upper + (lower - upper) * down
                if score > best { (best, chosen) = (score, k) }
              }
              target[y * size.width + x] = Int32(chosen)
            }
          }
        }
      }
    }
    return predictions
  }
}
