import Datasets
import Images
import Tensors

/// How images come onto a detector's canvas: resized with their proportions kept, varied, and put into the upper left of a fixed size.
///
/// The rule is torchvision's: the shorter side becomes `shorterSide`, unless the longer one would exceed `longerSide`; sides are rounded
/// down. Unlike there, pixels are resized before they are normalized, in 8 bits, and smoothed where they are reduced. What the image does
/// not cover is 0, the mean colour. With random scaling a part of the canvas's size is cut out at random.
package struct DetectionInput: InputPipeline {
  /// The input's size before it is padded to what the network divides by.
  package let canvas: ImageSize
  private let shorterSide: Int
  private let longerSide: Int
  private var variation: AugmentationPipeline

  /// - Parameters:
  ///   - usual: what is random, and how colours are normalized.
  ///   - canvas: the input's size.
  ///   - shorterSide: see above; nil makes images as large as the canvas allows.
  ///   - longerSide: that of the canvas if nil.
  package init(_ usual: AugmentationPipeline, canvas: ImageSize, shorterSide: Int? = nil, longerSide: Int? = nil) {
    self.canvas = canvas
    self.shorterSide = shorterSide ?? Int.max
    self.longerSide = longerSide ?? Int.max
    variation = usual
    variation.resize = nil
    if variation.randomScale != nil || variation.randomCrop != nil { variation.randomCrop = canvas }
  }

  /// The canvas.
  package var fixedOutputSize: ImageSize? { canvas }

  /// Checks all values.
  package func validate() throws {
    guard canvas.width > 0, canvas.height > 0, shorterSide > 0, longerSide > 0 else {
      throw LongtailError(.usage, "a canvas of \(canvas) holds no image", advice: "Set data.size.")
    }
    try variation.validate()
  }

  /// The size that an image is brought to: never larger than the canvas.
  package func preparedSize(_ size: ImageSize) -> ImageSize {
    let (width, height) = (Double(size.width), Double(size.height))
    let scale = min(
      Double(shorterSide) / min(width, height), Double(longerSide) / max(width, height), Double(canvas.width) / width,
      Double(canvas.height) / height)
    return ImageSize(
      width: min(canvas.width, max(1, Int((width * scale).rounded(.down)))),
      height: min(canvas.height, max(1, Int((height * scale).rounded(.down)))))
  }

  /// Resizes the image; its boxes stay in the pixels of the original.
  package func prepared(_ sample: Datasets.AnnotatedImage) -> Datasets.AnnotatedImage {
    Datasets.AnnotatedImage(image: prepared(sample.image), annotation: sample.annotation)
  }

  /// Resizes an image.
  package func prepared(_ image: RGBImage) -> RGBImage {
    let size = preparedSize(ImageSize(width: image.width, height: image.height))
    return size.width == image.width && size.height == image.height ? image : image.resized(width: size.width, height: size.height)
  }

  /// Normalizes a prepared image into the upper left of the planes.
  package func write(_ image: RGBImage, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>) throws -> Geometry {
    try variation.withoutRandomness.write(image, epoch: 0, index: 0, height: height, width: width, to: planes)
  }

  /// Varies a prepared image, and takes its boxes along.
  package func fill(_ slot: BatchSlot, from source: SampleSource) throws {
    let sample = try source.prepared(slot, by: prepared)
    let geometry = try slot.withPlanes { planes in
      try variation.write(
        sample.image, epoch: slot.epoch, index: slot.index, occurrence: slot.occurrence, height: slot.height, width: slot.width, to: planes)
    }
    try slot.targets.write(sample.annotation, geometry, at: slot.place)
  }
}
