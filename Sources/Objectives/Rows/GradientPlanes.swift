import Tensors

/// Where a gradient lies that is kept apart: planes whose rows are padded to a multiple of eight.
struct TermPlanes {
  let base: UnsafePointer<Float>
  let imageStride: Int
  let classStride: Int

  @inline(__always)
  func load(_ tile: Tile, _ k: Int) -> Lanes {
    UnsafeRawPointer(base + (tile.image &* imageStride &+ k &* classStride &+ tile.row)).loadUnaligned(as: Lanes.self)
  }
}

/// Memory for a gradient that is kept apart from the last round until `complete`: that of a term, or of the rows' second labels.
/// It only ever grows. One float a row and class.
struct GradientPlanes {
  private var buffer = HostBuffer(byteCount: 0)

  /// Rows of the same number and order, with room for what is written beyond the last ones.
  mutating func view(like rows: RowsView) -> RowsView {
    let (imageStride, classStride) = GradientPlanes.strides(rows)
    let count = rows.rowsPerImage == 1 ? rows.classes * classStride : rows.images * imageStride
    if buffer.floatCount < count + 8 { buffer = HostBuffer(floatCount: count + 8) }
    return RowsView(
      buffer: buffer, images: rows.images, rowsPerImage: rows.rowsPerImage, classes: rows.classes, imageStride: imageStride,
      rowStride: 1, classStride: classStride, blockSize: rows.classes, blockStride: 0)
  }

  /// The memory that `view(like:)` gave for such rows, as kernels read it; valid as long as this value and until the next `view`.
  func planes(like rows: RowsView) throws -> TermPlanes {
    let (imageStride, classStride) = GradientPlanes.strides(rows)
    let base = buffer.withFloats { $0.baseAddress }
    guard let base, buffer.floatCount >= (rows.rowsPerImage == 1 ? rows.classes * classStride : rows.images * imageStride) else {
      throw LongtailError(.internalError, "a gradient is completed that was not measured")
    }
    return TermPlanes(base: UnsafePointer(base), imageStride: imageStride, classStride: classStride)
  }

  /// Images of one row lie side by side, as a pass takes them for the rows of one image.
  private static func strides(_ rows: RowsView) -> (image: Int, class: Int) {
    if rows.rowsPerImage == 1 { return (1, (rows.images + 7) / 8 * 8) }
    let stride = (rows.rowsPerImage + 7) / 8 * 8
    return (rows.classes * stride, stride)
  }
}
