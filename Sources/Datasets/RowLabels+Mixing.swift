import Tensors

extension RowLabels {
  /// Takes a second annotation of an image, as mixup and CutMix give it one. Once an image of a batch has one, all others count as having
  /// their own label with a share of 0 until theirs is written.
  /// - Parameters:
  ///   - geometry: where the image lies in the input.
  ///   - share: what the second annotation holds for, from 0 to 1.
  ///   - place: the image's place in the batch.
  /// - Throws: `LongtailError` for an annotation of another kind.
  package func writeSecond(_ annotation: any Annotation, _ geometry: Geometry, share: Float, at place: Int) throws {
    guard let annotation = annotation as? any RowAnnotation else {
      throw LongtailError(.internalError, "\(type(of: annotation)) gives no labels to rows")
    }
    if secondLabels.count != labels.count {
      secondLabels = [Int32](repeating: -1, count: labels.count)
      secondShares = [Float](repeating: 0, count: labels.count)
    }
    let range = place * rowsPerImage..<(place + 1) * rowsPerImage
    try secondLabels.withUnsafeMutableBufferPointer { try annotation.write(geometry, to: UnsafeMutableBufferPointer(rebasing: $0[range])) }
    for row in range { secondShares[row] = share }
  }
}
