/// Where the rows of class scores lie in a buffer: one row of `classes` numbers for each pixel (or sample).
///
/// A network's head may produce any of these layouts; objectives read and write them in place:
/// N,H,W,C (`rowStride == classes`), N,C,H,W (`rowStride == 1`, one block), and channel blocks of 8 or 16.
/// The element of image `n`, row `r`, class `c` is number
/// `offset + n * imageStride + (c / blockSize) * blockStride + r * rowStride + (c % blockSize) * classStride`.
public struct RowsView: Sendable {
  /// The memory, as 32-bit floats.
  public let buffer: HostBuffer
  /// The first element, counted in floats.
  public let offset: Int
  /// Number of images.
  public let images: Int
  /// Rows (pixels) of each image, in reading order.
  public let rowsPerImage: Int
  /// Classes: numbers in a row.
  public let classes: Int
  /// Floats from one image to the next.
  public let imageStride: Int
  /// Floats from one row to the next.
  public let rowStride: Int
  /// Floats from one class to the next within a block.
  public let classStride: Int
  /// Classes in a block; at least `classes` where there is one block only.
  public let blockSize: Int
  /// Floats from one block of classes to the next.
  public let blockStride: Int

  /// Number of rows in all images.
  public var rows: Int { images * rowsPerImage }

  /// Describes a layout.
  public init(
    buffer: HostBuffer, offset: Int = 0, images: Int, rowsPerImage: Int, classes: Int, imageStride: Int, rowStride: Int,
    classStride: Int, blockSize: Int, blockStride: Int
  ) {
    self.buffer = buffer
    self.offset = offset
    self.images = images
    self.rowsPerImage = rowsPerImage
    self.classes = classes
    self.imageStride = imageStride
    self.rowStride = rowStride
    self.classStride = classStride
    self.blockSize = blockSize
    self.blockStride = blockStride
  }

  /// Rows one after the other, the classes of each together: N,H,W,C.
  public static func channelsLast(buffer: HostBuffer, offset: Int = 0, images: Int, rowsPerImage: Int, classes: Int) -> RowsView {
    RowsView(
      buffer: buffer, offset: offset, images: images, rowsPerImage: rowsPerImage, classes: classes,
      imageStride: rowsPerImage * classes, rowStride: classes, classStride: 1, blockSize: classes, blockStride: 0)
  }

  /// A plane for each class: N,C,H,W.
  public static func planes(buffer: HostBuffer, offset: Int = 0, images: Int, rowsPerImage: Int, classes: Int) -> RowsView {
    RowsView(
      buffer: buffer, offset: offset, images: images, rowsPerImage: rowsPerImage, classes: classes,
      imageStride: rowsPerImage * classes, rowStride: 1, classStride: rowsPerImage, blockSize: classes, blockStride: 0)
  }

  /// Channels in blocks, the last one padded: N,C/b,H,W,b.
  public static func blocked(
    buffer: HostBuffer, offset: Int = 0, images: Int, rowsPerImage: Int, classes: Int, blockSize: Int
  ) -> RowsView {
    let blocks = (classes + blockSize - 1) / blockSize
    return RowsView(
      buffer: buffer, offset: offset, images: images, rowsPerImage: rowsPerImage, classes: classes,
      imageStride: blocks * rowsPerImage * blockSize, rowStride: blockSize, classStride: 1, blockSize: blockSize,
      blockStride: rowsPerImage * blockSize)
  }

  /// The position of one element in `buffer`, counted in floats.
  @inlinable
  public func index(image: Int, row: Int, class k: Int) -> Int {
    offset + image * imageStride + (k / blockSize) * blockStride + row * rowStride + (k % blockSize) * classStride
  }
}
