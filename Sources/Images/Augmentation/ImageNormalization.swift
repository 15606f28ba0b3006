/// How 8-bit values become a network's input: (v / 255 - mean) / deviation, channel by channel.
package struct ImageNormalization: Sendable, Equatable {
  /// Mean of red, green, blue on a scale from 0 to 1.
  package var mean: [Double]
  /// What red, green, blue are divided by.
  package var deviation: [Double]

  /// ImageNet's, as torchvision's networks were trained with.
  package static let imageNet = ImageNormalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// What the long-tailed CIFAR sets are trained with everywhere; the deviation is not that of their pixels.
  package static let cifar = ImageNormalization(mean: [0.4914, 0.4822, 0.4465], deviation: [0.2023, 0.1994, 0.2010])

  /// - Parameters: three numbers each; deviations above 0.
  package init(mean: [Double], deviation: [Double]) {
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// Writes an image as planes.
  /// - Parameters:
  ///   - image: the image.
  ///   - planes: 3 x height x width floats, or height x width for a network that sees grey: then red is taken with red's mean, which is the
  ///     grey of images without colour.
  package func write(_ image: RGBImage, into planes: UnsafeMutableBufferPointer<Float>) {
    let plane = image.width * image.height
    precondition(planes.count == 3 * plane || planes.count == plane, "one or three planes of the image's size")
    image.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<(planes.count == plane ? 1 : 3) {
        table(of: channel).withUnsafeBufferPointer { table in
          for index in 0..<plane { planes[channel * plane + index] = table[Int(pixels[3 * index + channel])] }
        }
      }
    }
  }

  /// What each 8-bit value of a channel becomes.
  package func table(of channel: Int) -> [Float] { (0...255).map { Float((Double($0) / 255 - mean[channel]) / deviation[channel]) } }
}
