extension RunLengthMask {
  /// The largest coordinate, in pixels, that a polygon may have to either side: far outside of any image.
  package static let coordinateLimit = 1e6

  /// The pixels of polygons: the union of what each one covers.
  ///
  /// A polygon alone follows the even-odd rule. Its corners are put on a grid of a fifth of a pixel, its edges are walked there, and where
  /// an edge crosses the middle of a column the run changes.
  /// - Parameters:
  ///   - polygons: corners x, y, x, y, ... in pixels, the last one joined to the first; at least one. They must be finite and within
  ///     `coordinateLimit`.
  ///   - width: columns of the image.
  ///   - height: rows of the image.
  package init(polygons: [[Double]], width: Int, height: Int) {
    let masks = polygons.map { corners in
      corners.withUnsafeBufferPointer {
        RunLengthMask(width: width, height: height, trusted: RunLengthMask.runs(ofPolygon: $0, width: width, height: height))
      }
    }
    self = RunLengthMask.merged(masks) ?? RunLengthMask(width: width, height: height, trusted: [UInt32(width * height)])
  }

  /// The pixels of a box, as the polygon of its four corners has them.
  package init(box: Box, width: Int, height: Int) {
    let (right, bottom) = (box.x + box.width, box.y + box.height)
    self.init(polygons: [[box.x, box.y, box.x, bottom, right, bottom, right, box.y]], width: width, height: height)
  }

  /// A number without its fraction. C leaves open what comes of a number that is none: on these machines the smallest one.
  @inline(__always)
  private static func truncated(_ value: Double) -> Int { value.isNaN ? Int(Int32.min) : Int(value) }

  /// Runs of one polygon.
  static func runs(ofPolygon corners: UnsafeBufferPointer<Double>, width: Int, height: Int) -> [UInt32] {
    let count = corners.count / 2
    let scale = 5.0
    func corner(_ k: Int) -> (x: Int, y: Int) {
      (truncated(scale * corners[2 * (k % count)] + 0.5), truncated(scale * corners[2 * (k % count) + 1] + 0.5))
    }
    // Where the run changes, as positions in the order of columns.
    var changes: [UInt32] = []
    var before: (u: Int, v: Int)?
    /// A step of the walk: a change where it crosses the middle of a column.
    @inline(__always)
    func visit(_ u: Int, _ v: Int) {
      defer { before = (u, v) }
      guard let last = before, last.u != u else { return }
      let x = (Double(u < last.u ? u : u - 1) + 0.5) / scale - 0.5
      if x.rounded(.down) != x || x < 0 || x > Double(width - 1) { return }
      var y = (Double(min(v, last.v)) + 0.5) / scale - 0.5
      y = y < 0 ? 0 : y > Double(height) ? Double(height) : y.rounded(.up)
      changes.append(UInt32(Int(x) * height + Int(y)))
    }
    for k in 0..<count {
      var (start, end) = (corner(k), corner(k + 1))
      let (dx, dy) = (abs(end.x - start.x), abs(start.y - end.y))
      // Edges are walked alike in both directions.
      let isFlipped = (dx >= dy && start.x > end.x) || (dx < dy && start.y > end.y)
      if isFlipped { swap(&start, &end) }
      if dx >= dy {
        let slope = Double(end.y - start.y) / Double(dx)
        for d in 0...dx {
          let t = isFlipped ? dx - d : d
          visit(t + start.x, truncated(Double(start.y) + slope * Double(t) + 0.5))
        }
      } else {
        let slope = Double(end.x - start.x) / Double(dy)
        for d in 0...dy {
          let t = isFlipped ? dy - d : d
          visit(truncated(Double(start.x) + slope * Double(t) + 0.5), t + start.y)
        }
      }
    }
    changes.append(UInt32(width * height))
    changes.sort()
    return runs(between: changes)
  }

  /// Runs between sorted positions; two changes at one place undo each other.
  private static func runs(between changes: [UInt32]) -> [UInt32] {
    var runs: [UInt32] = [changes[0]]
    var place = 1
    while place < changes.count {
      let run = changes[place] - changes[place - 1]
      place += 1
      if run > 0 {
        runs.append(run)
      } else if place < changes.count {
        runs[runs.count - 1] += changes[place] - changes[place - 1]
        place += 1
      }
    }
    return runs
  }
}
