import Images
import Tensors

/// What a data set says about one image: a class for each pixel, a class for the whole, boxes.
///
/// Typed in the room of its task; loaders and caches only keep it, and hand it to the task's targets.
public protocol Annotation: Sendable {
  /// Bytes that it takes in a cache.
  var byteCount: Int { get }
  /// The annotation of the image once it is brought to a size. The same annotation where it does not depend on the size.
  func resized(to size: ImageSize) -> Self
}

/// An annotation that gives every row of the network's output a class: one row for each pixel, or one for each image.
public protocol RowAnnotation: Annotation {
  /// Writes the labels of one image.
  /// - Parameters:
  ///   - geometry: where the image lies in the network's input.
  ///   - rows: as many labels as an image has rows, all of them ignored (-1) before.
  /// - Throws: `LongtailError` where the number of rows is not one that this annotation can fill.
  func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) throws
}

/// An image with its annotation.
public struct AnnotatedImage: Sendable {
  /// The image.
  public var image: RGBImage
  /// What the data set says about it.
  public var annotation: any Annotation

  /// Creates an annotated image.
  public init(image: RGBImage, annotation: any Annotation) {
    self.image = image
    self.annotation = annotation
  }
}

extension LabelImage: RowAnnotation {
  /// One byte a pixel.
  public var byteCount: Int { labels.count }

  /// Resampled by nearest neighbour.
  public func resized(to size: ImageSize) -> LabelImage { resized(width: size.width, height: size.height) }

  /// The class of each pixel that is seen; 255 is ignored.
  public func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) throws {
    guard rows.count >= geometry.output.width * geometry.output.height else {
      throw LongtailError(.internalError, "\(rows.count) labels for an input of \(geometry.output)")
    }
    let (visibleColumns, visibleRows) = (geometry.columns, geometry.rows)
    let isScaled = geometry.scaled != ImageSize(width: width, height: height)
    let part =
      isScaled
      ? resized(width: geometry.scaled.width, height: geometry.scaled.height, columns: visibleColumns, rows: visibleRows) : self
    let origin = isScaled ? (x: 0, y: 0) : (x: visibleColumns.lowerBound, y: visibleRows.lowerBound)
    part.labels.withUnsafeBufferPointer { input in
      for row in 0..<visibleRows.count {
        var (position, step) = geometry.line(row)
        let line = (origin.y + row) * part.width + origin.x
        for column in 0..<visibleColumns.count {
          let label = input[line &+ column]
          rows[position] = label == LabelImage.ignored ? -1 : Int32(label)
          position &+= step
        }
      }
    }
  }
}
