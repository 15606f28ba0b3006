import Images
import Tensors

/// What the outputs of a batch are measured against, in the form that its task needs: a label a pixel, a label an image, boxes.
///
/// A loader makes one for each of its batches and fills it with the annotations of the samples; the step reads it. Its memory is used
/// again.
public protocol Targets: AnyObject {
  /// Makes room for this many images, with nothing known of them yet. Called before the images of a batch are written.
  func prepare(images: Int)
  /// Takes the annotation of one image, as the image lies in the input.
  /// - Parameter place: the image's place in the batch.
  /// - Throws: `LongtailError` for an annotation of another kind.
  func write(_ annotation: any Annotation, _ geometry: Geometry, at place: Int) throws
  /// The labels of the network's rows; none for a task that finds its rows later, as detection matches proposals.
  func withRows<Result>(_ body: (TargetRows) throws -> Result) rethrows -> Result
}

/// What rows are measured against. Pointers are valid within the call that gives them.
public struct TargetRows {
  /// A class for each row; -1 is ignored.
  public var labels: UnsafeBufferPointer<Int32>
  /// A second class for each row, and the share that it holds for, from 0 to 1; nil without second labels.
  public var second: (labels: UnsafeBufferPointer<Int32>, shares: UnsafeBufferPointer<Float>)?
  /// What each row counts; nil for 1.
  public var weights: UnsafeBufferPointer<Float>?

  /// Labels, and what rows may carry beside them.
  public init(
    labels: UnsafeBufferPointer<Int32>, second: (labels: UnsafeBufferPointer<Int32>, shares: UnsafeBufferPointer<Float>)? = nil,
    weights: UnsafeBufferPointer<Float>? = nil
  ) {
    (self.labels, self.second, self.weights) = (labels, second, weights)
  }
}

/// A label for each row of the network's output: for each pixel, or for each image.
public final class RowLabels: Targets {
  /// The labels, image after image; -1 is ignored.
  public package(set) var labels: [Int32] = []
  /// A second label for each of `labels`, with the share of the row that it holds for, as mixup gives them; empty where there are none.
  package var secondLabels: [Int32] = []
  /// The shares of the second labels, from 0 to 1.
  package var secondShares: [Float] = []
  /// A weight for each of `labels`; empty where all weigh 1.
  package var weights: [Float] = []
  /// Rows of an image.
  public let rowsPerImage: Int

  /// Makes room.
  /// - Parameters:
  ///   - capacity: the most images of a batch.
  ///   - rowsPerImage: height x width for a label a pixel, 1 for a label an image.
  public init(capacity: Int, rowsPerImage: Int) {
    self.rowsPerImage = rowsPerImage
    labels.reserveCapacity(capacity * rowsPerImage)
  }

  /// Sets the number of labels. What they were before is overwritten image by image.
  public func prepare(images: Int) {
    let count = images * rowsPerImage
    secondLabels.removeAll(keepingCapacity: true)
    secondShares.removeAll(keepingCapacity: true)
    if labels.count > count { labels.removeLast(labels.count - count) }
    if labels.count < count { labels.append(contentsOf: repeatElement(-1, count: count - labels.count)) }
    secondLabels.removeAll(keepingCapacity: true)
    secondShares.removeAll(keepingCapacity: true)
  }

  /// Takes second labels of one image. Where a batch has any, the rows of its other images have a share of 0.
  /// - Parameters:
  ///   - annotation: the second labels.
  ///   - share: what they hold for of each row, from 0 to 1.
  ///   - geometry: where the image lies in the network's input.
  ///   - place: the image's place in the batch.
  /// - Throws: `LongtailError` for an annotation that gives no labels to rows.
  package func writeSecond(_ annotation: any RowAnnotation, share: Float, _ geometry: Geometry, at place: Int) throws {
    if secondLabels.isEmpty {
      secondLabels.append(contentsOf: repeatElement(-1, count: labels.count))
      secondShares.append(contentsOf: repeatElement(0, count: labels.count))
    }
    let range = place * rowsPerImage..<(place + 1) * rowsPerImage
    try secondLabels.withUnsafeMutableBufferPointer { try annotation.write(geometry, to: UnsafeMutableBufferPointer(rebasing: $0[range])) }
    secondShares.withUnsafeMutableBufferPointer { UnsafeMutableBufferPointer(rebasing: $0[range]).update(repeating: share) }
  }

  /// Takes the annotation of one image.
  public func write(_ annotation: any Annotation, _ geometry: Geometry, at place: Int) throws {
    guard let annotation = annotation as? any RowAnnotation else {
      throw LongtailError(.internalError, "\(type(of: annotation)) gives no labels to rows")
    }
    try labels.withUnsafeMutableBufferPointer { labels in
      let rows = UnsafeMutableBufferPointer(rebasing: labels[place * rowsPerImage..<(place + 1) * rowsPerImage])
      rows.update(repeating: -1)
      try annotation.write(geometry, to: rows)
    }
  }

  /// The labels.
  public func withRows<Result>(_ body: (TargetRows) throws -> Result) rethrows -> Result {
    try labels.withUnsafeBufferPointer { labels in
      try secondLabels.withUnsafeBufferPointer { second in
        try secondShares.withUnsafeBufferPointer { shares in
          try weights.withUnsafeBufferPointer { weights in
            try body(
              TargetRows(
                labels: labels, second: secondLabels.isEmpty ? nil : (second, shares), weights: self.weights.isEmpty ? nil : weights))
          }
        }
      }
    }
  }
}
