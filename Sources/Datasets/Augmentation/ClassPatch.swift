import Images
import Synchronization
import Tensors

/// A cut-out of a class: a connected region of its pixels in a training image.
package struct ClassPatch: Sendable, Equatable {
  /// The rectangle around the region.
  package var image: RGBImage
  /// 1 at the region's pixels, 0 elsewhere.
  package var mask: LabelImage
  /// Where the middle of the rectangle lay in its image, as shares of width and height.
  package var middle: SIMD2<Double>

  /// A region of a sample.
  package init(_ region: LabelRegion, of image: RGBImage) {
    self.image = image.cropped(x: region.x, y: region.y)
    mask = region.mask
    middle = SIMD2(
      Double(region.x.lowerBound + region.x.upperBound) / 2 / Double(max(1, image.width)),
      Double(region.y.lowerBound + region.y.upperBound) / 2 / Double(max(1, image.height)))
  }

  /// Columns and rows.
  package var size: ImageSize { image.size }

  /// Bytes that it takes.
  var byteCount: Int { image.pixels.count + mask.labels.count }

  /// The cut-out brought to another size: the image as images are, the mask by nearest neighbour. A region so thin that nothing would be
  /// left keeps its size.
  package func resized(to size: ImageSize) -> ClassPatch {
    if size == self.size { return self }
    var result = self
    result.mask = mask.resized(width: size.width, height: size.height)
    guard result.mask.labels.contains(1) else { return self }
    result.image = image.resized(width: size.width, height: size.height)
    return result
  }

  /// The cut-out with left and right exchanged.
  package func mirrored() -> ClassPatch {
    var result = self
    (result.image, result.mask) = (image.mirrored(), mask.mirrored())
    result.middle.x = 1 - middle.x
    return result
  }
}

/// The cut-outs of each training sample and class, made when they are first asked for and kept as long as there is memory.
///
/// What it gives is a function of the samples alone: keeping something, or not, changes nothing but time. Of a sample that is asked for a
/// class the labels are gone through once. Several threads may ask at a time.
package final class PatchBank: Sendable, Equatable {
  private struct Key: Hashable {
    var sample: Int
    var classIndex: Int
  }

  private struct Content {
    var patches: [Key: [ClassPatch]] = [:]
    var room: Int
  }

  /// Regions of fewer pixels are no cut-outs.
  package let smallest: Int
  private let content: Mutex<Content>

  /// An empty bank.
  /// - Parameters:
  ///   - smallest: regions of fewer pixels are no cut-outs.
  ///   - byteCount: the most that is kept.
  package init(smallest: Int, byteCount: Int = 64 << 20) {
    self.smallest = smallest
    content = Mutex(Content(room: byteCount))
  }

  /// The cut-outs of a class in a sample, in the order of their first pixels.
  /// - Parameter read: gives the sample, with a class for each pixel.
  /// - Throws: what `read` throws.
  package func patches(ofClass classIndex: Int, inSample sample: Int, read: () throws -> LabelledImage) throws -> [ClassPatch] {
    let key = Key(sample: sample, classIndex: classIndex)
    if let kept = content.withLock({ $0.patches[key] }) { return kept }
    guard let label = UInt8(exactly: classIndex), label != LabelImage.ignored else { return [] }
    let source = try read()
    let made = source.labels.regions(of: label, smallest: smallest).map { ClassPatch($0, of: source.image) }
    let bytes = made.reduce(256) { $0 + $1.byteCount }
    content.withLock { content in
      guard content.patches[key] == nil, bytes <= content.room else { return }
      content.room -= bytes
      content.patches[key] = made
    }
    return made
  }

  /// Two banks with one rule give the same.
  package static func == (left: PatchBank, right: PatchBank) -> Bool { left.smallest == right.smallest }
}

/// An image with a class for each of its pixels.
package typealias LabelledImage = Sample

extension AnnotatedImage {
  /// The image with its label map.
  /// - Parameter what: the key that needs it, for the message.
  /// - Throws: `.usage` where the annotation is of another kind.
  package func labelled(for what: String) throws -> LabelledImage {
    guard let labels = annotation as? LabelImage else {
      throw LongtailError(
        .usage, "\(what) needs a class for each pixel, but samples are annotated otherwise", advice: "Leave the key out for this task.")
    }
    return Sample(image: image, labels: labels)
  }
}
