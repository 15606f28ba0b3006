import Foundation

/// Where a resampled image takes its pixels from: a map from positions in the result to positions in the source.
///
/// Position (x, y) counts pixels from the upper left corner; the centre of the first pixel is (0.5, 0.5). With w = g x + h y + 1, the
/// source of (x, y) is ((a x + b y + c) / w, (d x + e y + f) / w). An affine map has g = h = 0. These are the conventions of Pillow's
/// `Image.transform` with `AFFINE` and `PERSPECTIVE`.
package struct PlaneMap: Sendable, Equatable {
  /// The coefficients a, b, c of the source's column.
  package var column: SIMD3<Double>
  /// The coefficients d, e, f of the source's row.
  package var row: SIMD3<Double>
  /// The coefficients g and h of the denominator.
  package var vanishing: SIMD2<Double>

  /// The map that leaves every pixel where it is.
  package static let identity = PlaneMap(column: [1, 0, 0], row: [0, 1, 0])

  /// A map from its coefficients; affine by default.
  package init(column: SIMD3<Double>, row: SIMD3<Double>, vanishing: SIMD2<Double> = .zero) {
    (self.column, self.row, self.vanishing) = (column, row, vanishing)
  }

  /// Whether straight, parallel lines stay parallel.
  package var isAffine: Bool { vanishing == .zero }

  /// The source of a position.
  @inline(__always)
  package func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    let sourceX = column.x * x + column.y * y + column.z
    let sourceY = row.x * x + row.y * y + row.z
    if isAffine { return (sourceX, sourceY) }
    let divisor = vanishing.x * x + vanishing.y * y + 1
    return (sourceX / divisor, sourceY / divisor)
  }

  /// The map that looks up `self` at what `first` gives: the result of resampling by `self` and then by `first`, in one pass.
  package func after(_ first: PlaneMap) -> PlaneMap {
    let (m, n) = (matrix, first.matrix)
    var product = [[Double]](repeating: [0, 0, 0], count: 3)
    for i in 0..<3 {
      for j in 0..<3 {
        for k in 0..<3 { product[i][j] += m[i][k] * n[k][j] }
      }
    }
    let unit = product[2][2]
    return PlaneMap(
      column: SIMD3(product[0][0], product[0][1], product[0][2]) / unit, row: SIMD3(product[1][0], product[1][1], product[1][2]) / unit,
      vanishing: SIMD2(product[2][0], product[2][1]) / unit)
  }

  private var matrix: [[Double]] {
    [[column.x, column.y, column.z], [row.x, row.y, row.z], [vanishing.x, vanishing.y, 1]]
  }
}

extension PlaneMap {
  /// Moves the image by this many pixels to the left and up (Pillow's sign: the source lies further right and down).
  package static func translation(x: Double, y: Double) -> PlaneMap { PlaneMap(column: [1, 0, x], row: [0, 1, y]) }

  /// Slants the image: the source's column grows by `x` a row, its row by `y` a column.
  package static func shear(x: Double = 0, y: Double = 0) -> PlaneMap { PlaneMap(column: [1, x, 0], row: [y, 1, 0]) }

  /// Turns the image counter-clockwise about a point, as Pillow's `rotate` does.
  /// - Parameters:
  ///   - degrees: the angle.
  ///   - centre: the point that stays; in Pillow the image's middle.
  package static func rotation(degrees: Double, centre: SIMD2<Double>) -> PlaneMap {
    // Pillow reduces the angle to 0..<360 and rounds to 15 decimals, so that quarter turns have exact zeros.
    let angle = -(degrees - 360 * (degrees / 360).rounded(.down)) * (Double.pi / 180)
    func rounded(_ value: Double) -> Double { (value * 1e15).rounded(.toNearestOrEven) / 1e15 }
    let (cosine, sine) = (rounded(cos(angle)), rounded(sin(angle)))
    let shiftX: Double = cosine * -centre.x + sine * -centre.y
    let shiftY: Double = -sine * -centre.x + cosine * -centre.y
    return PlaneMap(
      column: [cosine, sine, shiftX + centre.x], row: [-sine, cosine, shiftY + centre.y])
  }

  /// Shrinks or enlarges about a point: factor 2 shows the image twice as large.
  package static func scaling(x: Double, y: Double, centre: SIMD2<Double>) -> PlaneMap {
    PlaneMap(column: [1 / x, 0, centre.x - centre.x / x], row: [0, 1 / y, centre.y - centre.y / y])
  }

  /// The perspective map that sends four corners of the result to four points of the source; nil where three of them lie on a line.
  ///
  /// Solves eight equations in a..h by elimination with pivots.
  package static func perspective(from result: [SIMD2<Double>], to source: [SIMD2<Double>]) -> PlaneMap? {
    guard result.count == 4, source.count == 4 else { return nil }
    var rows: [[Double]] = []
    for (p, q) in zip(result, source) {
      rows.append([p.x, p.y, 1, 0, 0, 0, -q.x * p.x, -q.x * p.y, q.x])
      rows.append([0, 0, 0, p.x, p.y, 1, -q.y * p.x, -q.y * p.y, q.y])
    }
    for k in 0..<8 {
      let pivot = (k..<8).max { abs(rows[$0][k]) < abs(rows[$1][k]) } ?? k
      guard abs(rows[pivot][k]) > 1e-9 else { return nil }
      rows.swapAt(k, pivot)
      for i in 0..<8 where i != k {
        let factor = rows[i][k] / rows[k][k]
        if factor == 0 { continue }
        for j in k..<9 { rows[i][j] -= factor * rows[k][j] }
      }
    }
    let solution = (0..<8).map { rows[$0][8] / rows[$0][$0] }
    return PlaneMap(
      column: [solution[0], solution[1], solution[2]], row: [solution[3], solution[4], solution[5]], vanishing: [solution[6], solution[7]])
  }
}
