import Foundation
import Kernels

/// Which level of a pyramid a box is read from: the larger, the coarser.
///
/// k = floor(4 + log2(sqrt(area) / s) + 1e-6) with s = 224 as published, not beyond the first and last level; in float32, as torchvision's
/// `LevelMapper`. Source: Lin and others, "Feature pyramid networks for object detection", CVPR 2017, equation 1.
package struct PyramidLevels: Sendable, Equatable {
  /// The exponent of the finest level's stride.
  package var first: Int
  /// The exponent of the coarsest level's stride.
  package var last: Int
  /// The side of a square box that is read from the level with stride 16.
  package var canonicalSize: Float

  /// P2 to P5.
  package static let fasterRCNN = PyramidLevels(first: 2, last: 5)

  /// Levels by the exponents of their strides.
  package init(first: Int, last: Int, canonicalSize: Float = 224) {
    (self.first, self.last, self.canonicalSize) = (first, last, canonicalSize)
  }

  /// Features a pixel of each level.
  package var scales: [Float] { (first...last).map { 1 / Float(1 << $0) } }

  /// The level of a box, from 0 on. An empty box is read from the finest.
  package func level(of box: CornerBox) -> Int {
    let exponent = (4 + log2f(box.area.squareRoot() / canonicalSize) + 1e-6).rounded(.down)
    if !(exponent > Float(first)) { return 0 }
    return min(last, Int(min(exponent, 64))) - first
  }

  /// A region of an image, on its level.
  package func region(_ box: CornerBox, image: Int) -> RegionAlignment.Region {
    RegionAlignment.Region(
      image: Int32(image), level: Int32(level(of: box)), left: box.left, top: box.top, right: box.right, bottom: box.bottom)
  }
}
