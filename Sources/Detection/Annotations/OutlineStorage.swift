/// Where the polygons or the runs of an object lie.
enum Outline: Sendable, Hashable {
  case none
  /// So many polygons from one on.
  case polygons(first: Int, count: Int)
  /// So many runs from one on, and whether the file had them compressed.
  case runs(first: Int, count: Int, isText: Bool)
}

/// Polygons and runs of many objects in common arrays.
struct OutlineStorage: Sendable {
  /// Corners x, y, x, y, ... of all polygons.
  var coordinates: [Double] = []
  /// Where each polygon ends in `coordinates`.
  var ends: [Int] = []
  /// Runs of all masks.
  var runs: [UInt32] = []

  /// Where a polygon's corners lie.
  func corners(of polygon: Int) -> Range<Int> { (polygon == 0 ? 0 : ends[polygon - 1])..<ends[polygon] }

  mutating func append(polygons: [[Double]]) -> Outline {
    let first = ends.count
    for polygon in polygons {
      coordinates += polygon
      ends.append(coordinates.count)
    }
    return .polygons(first: first, count: polygons.count)
  }

  mutating func append(runs new: [UInt32], isText: Bool) -> Outline {
    let first = runs.count
    runs += new
    return .runs(first: first, count: new.count, isText: isText)
  }

  func polygons(_ outline: Outline) -> [[Double]]? {
    guard case .polygons(let first, let count) = outline else { return nil }
    return (first..<first + count).map { Array(coordinates[corners(of: $0)]) }
  }

  func mask(_ outline: Outline, width: Int, height: Int) -> RunLengthMask? {
    switch outline {
    case .none: return nil
    case .runs(let first, let count, _):
      return RunLengthMask(width: width, height: height, trusted: Array(runs[first..<first + count]))
    case .polygons(let first, let count):
      let parts = coordinates.withUnsafeBufferPointer { buffer in
        (first..<first + count).map { polygon in
          RunLengthMask(
            width: width, height: height,
            trusted: RunLengthMask.runs(
              ofPolygon: UnsafeBufferPointer(rebasing: buffer[corners(of: polygon)]), width: width, height: height))
        }
      }
      return RunLengthMask.merged(parts)
    }
  }

  /// The smallest box around an outline, without drawing polygons; nil for none.
  func box(_ outline: Outline, height: Int) -> Box? {
    switch outline {
    case .none: return nil
    case .runs(let first, let count, _): return RunLengthMask.box(runs[first..<first + count], height: height)
    case .polygons(let first, let count):
      let range = corners(of: first).lowerBound..<corners(of: first + count - 1).upperBound
      var (left, top, right, bottom) = (Double.infinity, Double.infinity, -Double.infinity, -Double.infinity)
      for k in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
        (left, right) = (min(left, coordinates[k]), max(right, coordinates[k]))
        (top, bottom) = (min(top, coordinates[k + 1]), max(bottom, coordinates[k + 1]))
      }
      return Box(x: left, y: top, width: right - left, height: bottom - top)
    }
  }
}
