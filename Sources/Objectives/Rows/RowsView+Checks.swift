import Tensors

extension RowsView {
  /// The same rows as one image where that is possible and saves work: images of a single row, as in classification.
  var flattened: RowsView {
    if rowsPerImage != 1 || images <= 1 { return self }
    return RowsView(
      buffer: buffer, offset: offset, images: 1, rowsPerImage: images, classes: classes, imageStride: 0, rowStride: imageStride,
      classStride: classStride, blockSize: blockSize, blockStride: blockStride)
  }

  /// Throws unless every element of the view lies in its buffer.
  func checkBounds(_ what: String) throws {
    guard images >= 0, rowsPerImage >= 0, classes >= 1, blockSize >= 1, offset >= 0 else {
      throw LongtailError(
        .internalError, "\(what): a view of \(images) images, \(rowsPerImage) rows, \(classes) classes in blocks of \(blockSize)")
    }
    if rows == 0 { return }
    // The last class, the end of its padding, and the end of the block before it: one of them lies furthest.
    let candidates = [classes - 1, RowAccess.paddedClasses(of: self) - 1, (classes - 1) / blockSize * blockSize - 1]
    let last = candidates.filter { $0 >= 0 }.map { index(image: images - 1, row: rowsPerImage - 1, class: $0) }.max() ?? 0
    guard min(imageStride, rowStride, classStride, blockStride) >= 0, last < buffer.floatCount else {
      throw LongtailError(.internalError, "\(what): the view reaches element \(last) of a buffer of \(buffer.floatCount) floats")
    }
  }

  /// Throws unless two views have the same images, rows and classes.
  func checkShape(equals other: RowsView, _ what: String) throws {
    if images != other.images || rowsPerImage != other.rowsPerImage || classes != other.classes {
      throw LongtailError(
        .internalError,
        "\(what): \(images)x\(rowsPerImage) rows of \(classes) classes against \(other.images)x\(other.rowsPerImage) of \(other.classes)")
    }
  }
}
