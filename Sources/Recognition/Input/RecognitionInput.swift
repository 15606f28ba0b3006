import Datasets
import Images
import Tensors

/// How images with a class become a network's input: several views of each, their changes, mixing within the batch, normalization.
///
/// All that chance decides about a view is a function of (seed, epoch, sample, occurrence, view, step), about mixing one of (seed, epoch,
/// step).
package struct RecognitionInput: InputPipeline {
  /// How each view is made, at least one.
  package let views: [ViewSteps]
  /// What is mixed; nil for nothing.
  package let mixing: BatchMixing?
  /// How 8-bit values become numbers.
  package let normalization: ImageNormalization
  /// The run's seed.
  package let seed: UInt64

  /// - Parameters:
  ///   - views: how each view is made, at least one; of evaluation exactly one, without changes.
  ///   - mixing: what is mixed; empty for nothing.
  ///   - normalization: how 8-bit values become numbers.
  ///   - seed: the run's seed.
  package init(views: [ViewSteps], mixing: [Mixing] = [], normalization: ImageNormalization, seed: UInt64) {
    (self.views, self.normalization, self.seed) = (views, normalization, seed)
    self.mixing = mixing.isEmpty ? nil : BatchMixing(mixing, seed: seed)
  }

  /// Views of each sample.
  package var viewCount: Int { views.count }

  /// `data.size`; nil for images that are taken as they are.
  package var fixedOutputSize: ImageSize? { views[0].size }

  /// Checks all values.
  /// - Throws: `.usage` naming the one that is impossible.
  package func validate() throws {
    let numbers = normalization.mean + normalization.deviation
    guard normalization.mean.count == 3, numbers.count == 6, numbers.allSatisfy(\.isFinite), normalization.deviation.allSatisfy({ $0 > 0 })
    else {
      throw LongtailError(.usage, "data.mean and data.standardDeviation need three numbers each, and the latter positive ones")
    }
    for view in views {
      try view.augmentation(for: view.size ?? ImageSize(width: 1, height: 1), seed: seed).validate()
    }
  }

  /// The part that is the same in every epoch.
  package func prepared(_ sample: AnnotatedImage) -> AnnotatedImage {
    AnnotatedImage(image: prepared(sample.image), annotation: sample.annotation)
  }

  /// The image as a network that judges or predicts is to see it. In training with several views it is what the first view begins with.
  package func prepared(_ image: RGBImage) -> RGBImage { views[0].prepared(image) }

  /// Writes normalized planes, the image at their upper left.
  package func write(_ image: RGBImage, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>) throws -> Geometry {
    let output = ImageSize(width: width, height: height)
    guard image.width <= width, image.height <= height, planes.count == 3 * width * height else {
      throw LongtailError(
        .badData, "an image of \(image.size) pixels does not fit into an input of \(output)",
        advice: "Set data.size, to which all images are brought.")
    }
    if image.size == output {
      normalization.write(image, into: planes)
      return Geometry(image.size, output: output)
    }
    planes.update(repeating: 0)
    image.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<3 {
        let table = normalization.table(of: channel)
        for row in 0..<image.height {
          let (source, target) = (row * image.width, (channel * height + row) * width)
          for column in 0..<image.width { planes[target + column] = table[Int(pixels[3 * (source + column) + channel])] }
        }
      }
    }
    return Geometry(image.size, output: output)
  }
}
