import Foundation
import Tensors
import Threading

/// The temperature at which probabilities softmax(z / T) fit labels best: the smallest mean of -log q.
///
/// The mean is taken at 49 temperatures from 1/8 to 8, each 2^(1/8) times the one before, over every seventh pixel; between the best of
/// them and its neighbours a parabola in log T is minimized, and T rounded to thousandths. One number for all classes: no prediction
/// changes by argmax. Source: Guo, Pleiss, Sun, Weinberger, ICML 2017, arXiv:1706.04599.
///
/// Cost: 49 C exponentials for every seventh pixel.
struct TemperatureFit {
  private static let count = 49
  private static let stride = 7
  /// -log q at each temperature, and the number of pixels: what is summed over ranks.
  var sums = [Double](repeating: 0, count: TemperatureFit.count + 1)

  private static func temperature(_ place: Double) -> Double { exp2((place - Double(count / 2)) / 8) }

  /// Adds the rows of every seventh pixel, image by image.
  mutating func add(_ logits: RowsView, _ labels: UnsafeBufferPointer<Int32>) {
    let inverses = (0..<TemperatureFit.count).map { 1 / TemperatureFit.temperature(Double($0)) }
    let width = TemperatureFit.count + 1
    var parts = [Double](repeating: 0, count: logits.images * width)
    parts.withUnsafeMutableBufferPointer { parts in
      let room = parts
      logits.buffer.withFloats { floats in
        ComputePool.forEach(parts: logits.images) { image in
          var scores = [Double](repeating: 0, count: logits.classes)
          for row in Swift.stride(from: 0, to: logits.rowsPerImage, by: TemperatureFit.stride) {
            let label = Int(labels[image * logits.rowsPerImage + row])
            guard label >= 0 else { continue }
            for k in scores.indices { scores[k] = Double(floats[logits.index(image: image, row: row, class: k)]) }
            let largest = scores.reduce(-.infinity) { max($0, $1) }
            for (place, inverse) in inverses.enumerated() {
              let sum = scores.reduce(0) { $0 + exp(($1 - largest) * inverse) }
              room[image * width + place] += log(sum) - (scores[label] - largest) * inverse
            }
            room[image * width + TemperatureFit.count] += 1
          }
        }
      }
    }
    for image in 0..<logits.images { for slot in sums.indices { sums[slot] += parts[image * width + slot] } }
  }

  /// T; nil without a labelled pixel.
  var temperature: Double? {
    guard sums[TemperatureFit.count] > 0, sums.allSatisfy(\.isFinite) else { return nil }
    let losses = sums.prefix(TemperatureFit.count)
    let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    var place = Double(best)
    if best > 0, best + 1 < TemperatureFit.count {
      let (before, after) = (losses[best - 1] - losses[best], losses[best + 1] - losses[best])
      if before + after > 0 { place += 0.5 * (before - after) / (before + after) }
    }
    return (TemperatureFit.temperature(place) * 1000).rounded() / 1000
  }
}
