import Tensors

/// Rows of the global batch, the same on every rank: n rows of d numbers, in the order of the global batch.
///
/// They are gathered by one sum. Each rank fills its own slots of a zeroed vector, so every number is added to zeros alone and arrives
/// exactly (a negative zero as zero). Cost: one sum of n d doubles over the ranks.
public struct GatheredRows: Sendable, Equatable {
  /// Numbers of a row.
  public let width: Int
  /// Rows one after the other.
  public let values: [Float]

  /// Rows.
  public var count: Int { width == 0 ? 0 : values.count / width }

  /// Takes rows.
  public init(width: Int, values: [Float]) {
    self.width = width
    self.values = values
  }

  /// A row.
  public func row(_ index: Int) -> ArraySlice<Float> { values[index * width..<(index + 1) * width] }

  /// Doubles that the rows of a global batch take in a sum.
  public static func packedCount(images: Int, rowsPerImage: Int, width: Int) -> Int { images * rowsPerImage * width }

  /// Fills this rank's slots of a vector, and leaves zeros in all others.
  /// - Parameters:
  ///   - view: this rank's rows.
  ///   - places: where the images stand in the global batch.
  ///   - imagesPerPlace: how many images of the view each image of the batch has: several behind a link that cuts out regions.
  ///   - packed: overwritten from `offset` on.
  /// - Throws: `LongtailError` where the vector is too short, or view and places do not belong together.
  public static func pack(
    _ view: RowsView, at places: BatchPlaces, imagesPerPlace: Int = 1, into packed: inout [Double], from offset: Int
  ) throws {
    let (rows, width) = (view.rowsPerImage, view.classes)
    let count = packedCount(images: places.images * imagesPerPlace, rowsPerImage: rows, width: width)
    guard view.images == places.own.count * imagesPerPlace, offset + count <= packed.count else {
      throw LongtailError(
        .internalError,
        "rows of \(view.images) images cannot be gathered at \(places.own.count) places in \(packed.count - offset) numbers")
    }
    for index in offset..<offset + count { packed[index] = 0 }
    view.buffer.withFloats { floats in
      for image in 0..<view.images {
        let slot = places.own[image / imagesPerPlace] * imagesPerPlace + image % imagesPerPlace
        for row in 0..<rows {
          let start = offset + (slot * rows + row) * width
          // Zero is added so that a negative zero looks the same from one rank and from many.
          for k in 0..<width { packed[start + k] = Double(floats[view.index(image: image, row: row, class: k)]) + 0 }
        }
      }
    }
  }

  /// Takes the rows out of a vector that was summed over the ranks.
  public init(_ packed: ArraySlice<Double>, width: Int) { self.init(width: width, values: packed.map { Float($0) }) }
}
