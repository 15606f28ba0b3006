/// An image cut into rectangles, each of which shows some quadrilateral of the source: distortion by a grid.
///
/// Within a rectangle of w columns and h rows at (0, 0), with the source's corners nw, ne, sw, se, position (x, y) counted from the middle
/// of its first pixel at (0.5, 0.5) comes from
///
///     nw + (ne - nw) x / w + (sw - nw) y / h + (se - sw - ne + nw) x y / (w h)
///
/// Neighbours share corners, so that nothing is torn. This is Pillow's `Image.transform` with `MESH`, bit for bit.
package struct WarpMesh: Sendable, Equatable {
  /// Where rectangles begin from left to right, and where the last one ends.
  package var columns: [Int]
  /// Where rectangles begin from top to bottom, and where the last one ends.
  package var rows: [Int]
  /// The place in the source of each corner, row after row: `columns.count * rows.count` of them.
  package var corners: [SIMD2<Double>]

  /// A mesh that leaves every pixel where it is.
  /// - Parameters:
  ///   - cells: rectangles in each direction; at most one a pixel.
  ///   - size: of the image.
  package init(cells: Int, size: ImageSize) {
    func edges(_ side: Int) -> [Int] {
      let count = max(1, min(cells, side))
      return (0...count).map { side * $0 / count }
    }
    (columns, rows) = (edges(size.width), edges(size.height))
    corners = []
    for y in rows { for x in columns { corners.append(SIMD2(Double(x), Double(y))) } }
  }

  /// A mesh whose corners look up what a map gives at them: exact for affine maps, and without seams for all.
  package func after(_ map: PlaneMap) -> WarpMesh {
    var result = self
    for index in corners.indices {
      let place = map(corners[index].x, corners[index].y)
      result.corners[index] = SIMD2(place.x, place.y)
    }
    return result
  }

  /// The mesh with each corner inside the image moved by chance, in each direction by a share of its cell uniform within `± strength`. The
  /// image's border stays where it is.
  /// - Parameters:
  ///   - strength: from 0 to below 0.5, where cells would fold.
  ///   - random: two numbers a corner, in order.
  package func distorted(strength: Double, random: ViewRandom) -> WarpMesh {
    var result = self
    let (across, down) = (columns.count, rows.count)
    for row in 1..<max(1, down - 1) {
      for column in 1..<max(1, across - 1) {
        let index = row * across + column
        let cell = SIMD2(Double(columns[column + 1] - columns[column]), Double(rows[row + 1] - rows[row]))
        let shift = SIMD2(
          random.uniform(2 * index, in: -strength...strength), random.uniform(2 * index + 1, in: -strength...strength))
        result.corners[index] += shift * cell
      }
    }
    return result
  }

  /// Calls `body` for each rectangle with its columns and rows and the eight coefficients of its map.
  func forEachCell(_ body: (Range<Int>, Range<Int>, QuadMap) -> Void) {
    let across = columns.count
    for row in 0..<rows.count - 1 {
      for column in 0..<across - 1 {
        let (x, y) = (columns[column]..<columns[column + 1], rows[row]..<rows[row + 1])
        let index = row * across + column
        body(
          x, y,
          QuadMap(
            upperLeft: corners[index], upperRight: corners[index + 1], lowerLeft: corners[index + across],
            lowerRight: corners[index + across + 1], width: Double(x.count), height: Double(y.count)))
      }
    }
  }
}

/// The map of one rectangle of a mesh; the order of its operations is Pillow's.
struct QuadMap {
  private let start: SIMD2<Double>
  private let across: SIMD2<Double>
  private let down: SIMD2<Double>
  private let both: SIMD2<Double>

  init(
    upperLeft: SIMD2<Double>, upperRight: SIMD2<Double>, lowerLeft: SIMD2<Double>, lowerRight: SIMD2<Double>, width: Double, height: Double
  ) {
    let (perColumn, perRow) = (1 / width, 1 / height)
    start = upperLeft
    across = (upperRight - upperLeft) * perColumn
    down = (lowerLeft - upperLeft) * perRow
    both = (lowerRight - lowerLeft - upperRight + upperLeft) * perColumn * perRow
  }

  /// The source of the middle of a pixel, counted from the rectangle's own corner.
  @inline(__always)
  func callAsFunction(_ column: Int, _ row: Int) -> (x: Double, y: Double) {
    let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
    return (
      start.x + across.x * x + down.x * y + both.x * x * y, start.y + across.y * x + down.y * y + both.y * x * y
    )
  }
}

extension RGBImage {
  /// Resamples through a mesh of this image's size.
  /// - Parameters:
  ///   - mesh: where the pixels come from.
  ///   - interpolation: how pixels are mixed; neighbours outside the image repeat its border.
  ///   - fill: the colour where the source lies outside.
  package func warped(by mesh: WarpMesh, interpolation: Interpolation, fill: RGBColour = .black) -> RGBImage {
    var result = RGBImage(width: width, height: height, fill: fill)
    if result.pixels.isEmpty { return result }
    pixels.withUnsafeBufferPointer { input in
      result.pixels.withUnsafeMutableBufferPointer { output in
        let source = WarpSource(pixels: input, width: width, height: height, channels: 3)
        mesh.forEachCell { columns, rows, map in
          for y in rows {
            for x in columns {
              let place = map(x - columns.lowerBound, y - rows.lowerBound)
              source.write(place.x, place.y, interpolation, into: output, at: 3 * (y * width + x))
            }
          }
        }
      }
    }
    return result
  }
}

extension LabelImage {
  /// Resamples through a mesh by the nearest pixel, as images with the same mesh are: numbers are never mixed.
  /// - Parameter fill: the number where the source lies outside.
  package func warped(by mesh: WarpMesh, fill: UInt8 = LabelImage.ignored) -> LabelImage {
    var result = LabelImage(width: width, height: height, fill: fill)
    if result.labels.isEmpty { return result }
    let width = self.width
    labels.withUnsafeBufferPointer { input in
      result.labels.withUnsafeMutableBufferPointer { output in
        mesh.forEachCell { columns, rows, map in
          for y in rows {
            for x in columns {
              let place = map(x - columns.lowerBound, y - rows.lowerBound)
              if place.x >= 0, place.x < Double(width), place.y >= 0, place.y < Double(height) {
                output[y * width + x] = input[Int(place.y) * width + Int(place.x)]
              }
            }
          }
        }
      }
    }
    return result
  }
}
