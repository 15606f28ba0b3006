extension RunLengthMask {
  /// Polygons around the mask, one for each piece whose pixels touch at edges; drawn again they give the same mask.
  ///
  /// Corners lie between pixels, in whole numbers. A hole is part of the polygon around it: a line leads to it and back, which the even-odd
  /// rule does not see. Cost: 8 bytes a pixel of the image while it runs.
  package var polygons: [[Double]] {
    let pieces = labelledPieces
    var outlines: [Int32: [Corner]] = [:]
    var holes: [Int32: [[Corner]]] = [:]
    var order: [Int32] = []
    for ring in rings(around: pieces) {
      if ring.isOuter {
        outlines[ring.piece] = ring.corners
        order.append(ring.piece)
      } else {
        holes[ring.piece, default: []].append(ring.corners)
      }
    }
    return order.map { piece in
      var path = outlines[piece] ?? []
      if let first = path.first, let inner = holes[piece] {
        path.append(first)
        for hole in inner { path += hole + [hole[0], first] }
        path.removeLast()
      }
      return path.flatMap { [Double($0.x), Double($0.y)] }
    }
  }

  /// A point between pixels.
  private struct Corner: Hashable {
    var x: Int
    var y: Int
  }

  /// A closed line around a piece, or around a hole in it.
  private struct Ring {
    var piece: Int32
    var corners: [Corner]
    /// Twice the area, negative for a hole.
    var isOuter: Bool {
      var area = 0
      for (k, a) in corners.enumerated() {
        let b = corners[(k + 1) % corners.count]
        area += a.x * b.y - b.x * a.y
      }
      return area > 0
    }
  }

  /// The number of each pixel's piece, from 1; 0 is background.
  private var labelledPieces: [Int32] {
    let pixels = pixels
    var pieces = [Int32](repeating: 0, count: pixels.count)
    var (number, waiting) = (Int32(0), [Int]())
    for start in pixels.indices where pixels[start] != 0 && pieces[start] == 0 {
      number += 1
      pieces[start] = number
      waiting.append(start)
      while let place = waiting.popLast() {
        let x = place % width
        for (next, isThere) in [
          (place - 1, x > 0), (place + 1, x < width - 1), (place - width, place >= width), (place + width, place < width * (height - 1)),
        ] where isThere && pixels[next] != 0 && pieces[next] == 0 {
          pieces[next] = number
          waiting.append(next)
        }
      }
    }
    return pieces
  }

  /// All closed lines, with the mask on their right.
  private func rings(around pieces: [Int32]) -> [Ring] {
    func piece(_ x: Int, _ y: Int) -> Int32 { x < 0 || y < 0 || x >= width || y >= height ? 0 : pieces[y * width + x] }
    /// The pixels to the right and to the left of a step from a corner; steps go right, down, left, up.
    func sides(_ corner: Corner, _ direction: Int) -> (right: Int32, left: Int32) {
      switch direction {
      case 0: (piece(corner.x, corner.y), piece(corner.x, corner.y - 1))
      case 1: (piece(corner.x - 1, corner.y), piece(corner.x, corner.y))
      case 2: (piece(corner.x - 1, corner.y - 1), piece(corner.x - 1, corner.y))
      default: (piece(corner.x, corner.y - 1), piece(corner.x - 1, corner.y - 1))
      }
    }
    let steps = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    // Upper edges of pixels that a line has passed: every line has one.
    var passed = [Bool](repeating: false, count: pieces.count)
    var rings: [Ring] = []
    for y in 0..<height {
      for x in 0..<width where piece(x, y) != 0 && piece(x, y - 1) == 0 && !passed[y * width + x] {
        let start = Corner(x: x, y: y)
        var (corner, direction) = (start, 0)
        var ring = Ring(piece: piece(x, y), corners: [])
        repeat {
          if direction == 0 { passed[corner.y * width + corner.x] = true }
          corner = Corner(x: corner.x + steps[direction].0, y: corner.y + steps[direction].1)
          // To the right first: pixels that touch at a corner alone stay apart.
          let next = [1, 0, 3].map { (direction + $0) % 4 }.first { turn in
            let (right, left) = sides(corner, turn)
            return right != 0 && left == 0
          }
          guard let next else { break }
          if next != direction { ring.corners.append(corner) }
          direction = next
        } while corner != start || direction != 0
        rings.append(ring)
      }
    }
    return rings
  }
}
