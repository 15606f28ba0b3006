import Datasets
import Images
import Tensors

/// What a detector is trained on and judged by: for each image of a batch its objects, as the image lies in the input, and how it came
/// there.
///
/// There are no labels for rows: which rows there are is found in the step. Memory is used again from batch to batch.
package final class DetectionTargets: Targets {
  /// One image of a batch.
  package struct Image: Sendable {
    /// Its objects in pixels of the input; crowds, and what a crop has left too little of, are not among them.
    package fileprivate(set) var boxes: [TargetBox] = []
    /// Where the image lies in the input; `size` is its extent there, without padding.
    package fileprivate(set) var geometry = BoxGeometry(from: (1, 1), to: (1, 1))

    /// Columns and rows that the image covers.
    package var size: (width: Int, height: Int) { geometry.size }
  }

  /// The images of the batch.
  package private(set) var images: [Image] = []

  /// Makes room for this many images; more is made when it is needed.
  package init(capacity: Int) { images.reserveCapacity(capacity) }

  /// Forgets what the images were.
  package func prepare(images count: Int) {
    if images.count > count { images.removeLast(images.count - count) }
    while images.count < count { images.append(Image()) }
    for place in images.indices { images[place].boxes.removeAll(keepingCapacity: true) }
  }

  /// Takes the objects of an image.
  /// - Throws: `LongtailError` for an annotation that has no boxes.
  package func write(_ annotation: any Annotation, _ geometry: Geometry, at place: Int) throws {
    guard let annotation = annotation as? BoxAnnotation else {
      throw LongtailError(.internalError, "\(type(of: annotation)) has no boxes")
    }
    let boxes = BoxGeometry(geometry, of: annotation.size)
    images[place].geometry = boxes
    images[place].boxes.removeAll(keepingCapacity: true)
    for object in annotation.objects where !object.isCrowd {
      guard let box = boxes.apply(object.box), box.width > 0, box.height > 0 else { continue }
      images[place].boxes.append(TargetBox(box: box, label: object.label))
    }
  }

  /// No rows.
  package func withRows<Result>(_ body: (TargetRows) throws -> Result) rethrows -> Result {
    try body(TargetRows(labels: UnsafeBufferPointer(start: nil, count: 0)))
  }
}

extension BoxGeometry {
  /// The way of an image into a network's input, from its size in the data set on.
  package init(_ geometry: Geometry, of source: ImageSize) {
    self.init(from: (source.width, source.height), to: (geometry.scaled.width, geometry.scaled.height))
    origin = (geometry.cropX, geometry.cropY)
    size = (geometry.crop.width, geometry.crop.height)
    isFlipped = geometry.isFlipped
  }
}
