/// A random map of the plane: turned, slanted, seen at an angle, distorted by a grid; image and labels alike.
///
/// All that a sample gets is composed into one map, so that pixels are mixed once. The middle of the image stays where it is, but for a
/// perspective. What comes from outside is the mean colour in images, and ignored in labels.
package struct RandomWarp: Sendable, Equatable {
  /// Turned by an angle uniform within this many degrees either way.
  package var degrees = 0.0
  /// Slanted by a slope uniform within `± shear` in each direction: columns a row, and rows a column.
  package var shear = 0.0
  /// The perspective, where there is one.
  package var perspective: Perspective?
  /// The distortion by a grid, where there is one.
  package var grid: Grid?

  /// Corners that move toward the middle, as in torchvision's `RandomPerspective`: each to a place uniform within `distortion` of half the
  /// width and half the height. Positions are those of edges, and need not be whole.
  package struct Perspective: Sendable, Equatable {
    /// From 0 to below 1.
    package var distortion: Double
    /// The chance of a perspective.
    package var probability: Double

    /// - Parameters:
    ///   - distortion: from 0 to below 1.
    ///   - probability: the chance of a perspective.
    package init(distortion: Double, probability: Double) { (self.distortion, self.probability) = (distortion, probability) }
  }

  /// The inner corners of a grid that move; see ``WarpMesh``.
  package struct Grid: Sendable, Equatable {
    /// Cells in each direction.
    package var cells: Int
    /// The most that a corner moves, as a share of its cell, below 0.5.
    package var strength: Double
    /// The chance of a distortion.
    package var probability: Double

    /// - Parameters:
    ///   - cells: in each direction.
    ///   - strength: the most that a corner moves, as a share of its cell.
    ///   - probability: the chance of a distortion.
    package init(cells: Int, strength: Double, probability: Double) {
      (self.cells, self.strength, self.probability) = (cells, strength, probability)
    }
  }

  /// Nothing moves.
  package init() {}

  /// Whether anything may move.
  package var isNeeded: Bool { degrees > 0 || shear > 0 || perspective != nil || grid != nil }

  /// Where one image's pixels come from.
  package enum Map: Sendable, Equatable {
    /// One map for the whole image.
    case plane(PlaneMap)
    /// A map for each of its rectangles.
    case mesh(WarpMesh)
  }

  /// The map for one image.
  /// - Parameters:
  ///   - size: of the image.
  ///   - random: angle, slopes, and corners of the perspective.
  ///   - gridRandom: corners of the grid.
  ///   - operations: further ones; those that move pixels come behind the rest.
  /// - Returns: nil where every pixel stays where it is.
  package func map(size: ImageSize, random: ViewRandom, gridRandom: ViewRandom, operations: [ImageOperation] = []) -> Map? {
    var map = PlaneMap.identity
    if degrees > 0 { map = .rotation(degrees: random.uniform(0, in: -degrees...degrees), centre: size.middle) }
    if shear > 0 {
      map = map.after(
        .shear(x: random.uniform(1, in: -shear...shear), y: random.uniform(2, in: -shear...shear), centre: size.middle))
    }
    if let perspective, random.chance(3, perspective.probability) {
      map = map.after(perspective.map(size: size, random: random.after(4)))
    }
    for operation in operations { if let next = operation.map(size: size) { map = map.after(next) } }
    if let grid, gridRandom.chance(0, grid.probability) {
      return .mesh(
        WarpMesh(cells: grid.cells, size: size).distorted(strength: grid.strength, random: gridRandom.after(1)).after(map))
    }
    return map == .identity ? nil : .plane(map)
  }
}

extension RandomWarp.Perspective {
  /// The map for one image.
  func map(size: ImageSize, random: ViewRandom) -> PlaneMap {
    let (width, height) = (Double(size.width), Double(size.height))
    func inward(_ draw: Int, _ side: Double) -> Double { random.uniform(draw) * distortion * side / 2 }
    let moved = [
      SIMD2(inward(0, width), inward(1, height)), SIMD2(width - inward(2, width), inward(3, height)),
      SIMD2(width - inward(4, width), height - inward(5, height)), SIMD2(inward(6, width), height - inward(7, height)),
    ]
    let corners = [SIMD2(0, 0), SIMD2(width, 0), SIMD2(width, height), SIMD2(0, height)]
    return PlaneMap.perspective(from: moved, to: corners) ?? .identity
  }
}

extension PlaneMap {
  /// Slants the image about a point.
  package static func shear(x: Double, y: Double, centre: SIMD2<Double>) -> PlaneMap {
    PlaneMap(column: [1, x, -x * centre.y], row: [y, 1, -y * centre.x])
  }
}

extension RGBImage {
  /// The image with its pixels where a map says; those that are between others are mixed from four.
  package func warped(by map: RandomWarp.Map, fill: RGBColour) -> RGBImage {
    switch map {
    case .plane(let map): warped(by: map, interpolation: .bilinear, fill: fill)
    case .mesh(let mesh): warped(by: mesh, interpolation: .bilinear, fill: fill)
    }
  }
}

extension LabelImage {
  /// The labels under the same map, each the nearest; ignored where they come from outside.
  package func warped(by map: RandomWarp.Map) -> LabelImage {
    switch map {
    case .plane(let map): warped(by: map)
    case .mesh(let mesh): warped(by: mesh)
    }
  }
}
