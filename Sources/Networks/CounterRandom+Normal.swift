import Foundation
import Tensors

extension CounterRandom {
  /// Draw `index`, normal with mean 0 and variance 1. Source: Box, Muller, "A note on the generation of random normal deviates", 1958.
  func normal(_ index: Int) -> Double {
    let words = block(UInt64(truncatingIfNeeded: index))
    // In (0, 1], so that the logarithm is finite.
    let radius = (-2 * log((Double(words.x) + 1) * 0x1p-32)).squareRoot()
    return radius * cos(2 * .pi * Double(words.y) * 0x1p-32)
  }
}
