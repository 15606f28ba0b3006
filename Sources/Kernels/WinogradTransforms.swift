/// The one-dimensional transforms of Winograd's F(4,3) and F(3,4), on eight channels at a time.
///
/// Both multiply polynomials at the points 0, ±5/8, ±3/2 and infinity, so they share the transform of the source.
/// The usual points 0, ±1, ±2 need fewer multiplications but lose two to three times more accuracy in float32; with fused
/// multiply-add the multiplications are free.
/// Source: Lavin, Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; Barabasz et al., "Error analysis and improving
/// the accuracy of Winograd convolution for deep neural networks", ACM TOMS 2020, for the choice of points.
enum WinogradTransforms {
  typealias Lanes = SIMD8<Float>
  typealias Floats = UnsafeMutablePointer<Float>
  typealias Three = (Lanes, Lanes, Lanes)
  typealias Four = (Lanes, Lanes, Lanes, Lanes)
  typealias Six = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

  /// Number of products a tile takes: 6 x 6.
  static let products = 36

  // The points a and b, and a^2, b^2: all exact in float32.
  @inline(__always) private static var a: Float { 0.625 }
  @inline(__always) private static var b: Float { 1.5 }
  @inline(__always) private static var aa: Float { 0.390625 }
  @inline(__always) private static var bb: Float { 2.25 }
  // One over the products of differences between the points: a^2 b^2, 2 a^2 (a^2 - b^2), 2 b^2 (b^2 - a^2).
  @inline(__always) private static var n0: Float { Float(1 / (0.390625 * 2.25)) }
  @inline(__always) private static var na: Float { Float(1 / (2 * 0.390625 * (0.390625 - 2.25))) }
  @inline(__always) private static var nb: Float { Float(1 / (2 * 2.25 * (2.25 - 0.390625))) }

  @inline(__always) static func load(_ p: Floats) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
  @inline(__always) static func store(_ value: Lanes, _ p: Floats) { UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self) }

  /// B^T d: six consecutive values of the source.
  @inline(__always)
  static func source(_ d: Six) -> Six {
    let evenA = d.4.addingProduct(d.2, Lanes(repeating: -bb))
    let oddA = (d.3 * a).addingProduct(d.1, Lanes(repeating: -a * bb))
    let evenB = d.4.addingProduct(d.2, Lanes(repeating: -aa))
    let oddB = (d.3 * b).addingProduct(d.1, Lanes(repeating: -b * aa))
    return (
      d.4.addingProduct(d.2, Lanes(repeating: -(aa + bb))).addingProduct(d.0, Lanes(repeating: aa * bb)),
      evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB,
      d.5.addingProduct(d.3, Lanes(repeating: -(aa + bb))).addingProduct(d.1, Lanes(repeating: aa * bb))
    )
  }

  /// G g of F(4,3): three weights.
  @inline(__always)
  static func weights(_ g: Three) -> Six {
    let evenA = (g.0 * na).addingProduct(g.2, Lanes(repeating: na * aa))
    let oddA = g.1 * (na * a)
    let evenB = (g.0 * nb).addingProduct(g.2, Lanes(repeating: nb * bb))
    let oddB = g.1 * (nb * b)
    return (g.0 * n0, evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, g.2)
  }

  /// G g of F(3,4): four values of the destination's gradient.
  @inline(__always)
  static func gradient(_ g: Four) -> Six {
    let evenA = (g.0 * na).addingProduct(g.2, Lanes(repeating: na * aa))
    let oddA = (g.1 * (na * a)).addingProduct(g.3, Lanes(repeating: na * aa * a))
    let evenB = (g.0 * nb).addingProduct(g.2, Lanes(repeating: nb * bb))
    let oddB = (g.1 * (nb * b)).addingProduct(g.3, Lanes(repeating: nb * bb * b))
    return (g.0 * n0, evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, g.3)
  }

  /// A^T m of F(4,3): four values of the destination.
  @inline(__always)
  static func destination(_ m: Six) -> Four {
    let (evenA, oddA) = (m.1 + m.2, m.1 - m.2)
    let (evenB, oddB) = (m.3 + m.4, m.3 - m.4)
    return (
      m.0 + evenA + evenB,
      (oddB * b).addingProduct(oddA, Lanes(repeating: a)),
      (evenB * bb).addingProduct(evenA, Lanes(repeating: aa)),
      m.5.addingProduct(oddB, Lanes(repeating: bb * b)).addingProduct(oddA, Lanes(repeating: aa * a))
    )
  }

  /// A^T m of F(3,4): three gradients of weights.
  @inline(__always)
  static func weightsGradient(_ m: Six) -> Three {
    let (evenA, oddA) = (m.1 + m.2, m.1 - m.2)
    let (evenB, oddB) = (m.3 + m.4, m.3 - m.4)
    return (
      m.0 + evenA + evenB,
      (oddB * b).addingProduct(oddA, Lanes(repeating: a)),
      m.5.addingProduct(evenB, Lanes(repeating: bb)).addingProduct(evenA, Lanes(repeating: aa))
    )
  }

  @inline(__always)
  static func loadSix(_ p: Floats, _ stride: Int) -> Six {
    (load(p), load(p + stride), load(p + 2 * stride), load(p + 3 * stride), load(p + 4 * stride), load(p + 5 * stride))
  }

  @inline(__always)
  static func storeSix(_ v: Six, _ p: Floats, _ stride: Int) {
    store(v.0, p)
    store(v.1, p + stride)
    store(v.2, p + 2 * stride)
    store(v.3, p + 3 * stride)
    store(v.4, p + 4 * stride)
    store(v.5, p + 5 * stride)
  }

  /// Tiles side by side that are transformed together: their windows share columns, and rows are read in runs.
  static let strip = 12
  /// Floats that the half-way values of a strip take.
  static let stripCount = 6 * (4 * strip + 2) * 8

  /// The vertical half of B^T d B for some columns of the image: [6][columns][8].
  /// - Parameters:
  ///   - top: the first of six rows in the first column; it may lie outside of the image.
  ///   - rows: those of the six that lie inside of it; the others are zero.
  ///   - read: what is done to each number that is loaded.
  @inline(__always)
  static func sourceColumns(
    top: Floats, rowStride: Int, rows: Range<Int>, count: Int, into half: Floats, stride: Int, read: (Lanes) -> Lanes
  ) {
    var (p, to) = (top, half)
    if rows.count == 6 {
      for _ in 0..<count {
        let d = loadSix(p, rowStride)
        storeSix(source((read(d.0), read(d.1), read(d.2), read(d.3), read(d.4), read(d.5))), to, stride)
        p += 8
        to += 8
      }
      return
    }
    for _ in 0..<count {
      @inline(__always) func row(_ r: Int) -> Lanes { rows.contains(r) ? read(load(p + r * rowStride)) : .zero }
      storeSix(source((row(0), row(1), row(2), row(3), row(4), row(5))), to, stride)
      p += 8
      to += 8
    }
  }

  /// The horizontal half: six half-way columns become 36 products, `stride` floats apart.
  @inline(__always)
  static func sourceRows(_ half: Floats, rowStride: Int, into v: Floats, stride: Int) {
    var (p, to) = (half, v)
    for _ in 0..<6 {
      storeSix(source(loadSix(p, 8)), to, stride)
      p += rowStride
      to += 6 * stride
    }
  }

  /// The vertical half of G g G^T for some columns of the destination's gradient: [6][columns][8].
  /// - Parameter rows: how many of the four rows lie inside of the image.
  @inline(__always)
  static func gradientColumns(top: Floats, rowStride: Int, rows: Int, count: Int, into half: Floats, stride: Int) {
    var (p, to) = (top, half)
    if rows >= 4 {
      for _ in 0..<count {
        storeSix(gradient((load(p), load(p + rowStride), load(p + 2 * rowStride), load(p + 3 * rowStride))), to, stride)
        p += 8
        to += 8
      }
      return
    }
    for _ in 0..<count {
      @inline(__always) func row(_ r: Int) -> Lanes { r < rows ? load(p + r * rowStride) : .zero }
      storeSix(gradient((row(0), row(1), row(2), .zero)), to, stride)
      p += 8
      to += 8
    }
  }

  /// The horizontal half: four half-way columns become 36 products.
  @inline(__always)
  static func gradientRows(_ half: Floats, rowStride: Int, into d: Floats, stride: Int) {
    var (p, to) = (half, d)
    for _ in 0..<6 {
      storeSix(gradient((load(p), load(p + 8), load(p + 16), load(p + 24))), to, stride)
      p += rowStride
      to += 6 * stride
    }
  }

  /// Floats of 3 x 3 taps of 8 by 8 channels.
  static let tapCount = 9 * 64

  /// G g G^T of 3 x 3 taps of eight channels of depth: [3][3][8 depth][8 outputs].
  /// - Parameters:
  ///   - buffer: twice `tapCount`.
  ///   - u: the first channel's 36 products, `stride` floats apart; the next channel's lie `step` floats further.
  @inline(__always)
  static func weights(taps: Floats, buffer: Floats, into u: Floats, step: Int, stride: Int) {
    // Three taps of eight channels lie one behind the other.
    var at = 0
    while at < 192 {
      storeSix(weights((load(taps + at), load(taps + 192 + at), load(taps + 384 + at))), buffer + at, 192)
      at &+= 8
    }
    for channel in 0..<8 {
      var (p, to) = (buffer + 8 * channel, u + channel * step)
      for _ in 0..<6 {
        storeSix(weights((load(p), load(p + 64), load(p + 128))), to, stride)
        p += 192
        to += 6 * stride
      }
    }
  }

  /// Rotates taps by half a turn and exchanges their rows and columns of channels.
  @inline(__always)
  static func rotate(taps: Floats, into rotated: Floats) {
    for tap in 0..<9 {
      Lanes8.transpose(taps + tap * 64, into: rotated + (8 - tap) * 64, step: 8)
    }
  }

  /// A^T m A of 36 products: a 4 x 4 tile with `rowStride` floats between its rows.
  /// - Parameter adding: adds to what lies there.
  @inline(__always)
  static func destination(products m: Floats, stride: Int, buffer: Floats, into tile: Floats, rowStride: Int, adding: Bool = false) {
    var column = 0
    while column < 6 {
      let y = destination(loadSix(m + column * stride, 6 * stride))
      store(y.0, buffer + 8 * column)
      store(y.1, buffer + 8 * column + 48)
      store(y.2, buffer + 8 * column + 96)
      store(y.3, buffer + 8 * column + 144)
      column &+= 1
    }
    var row = 0
    while row < 4 {
      var y = destination(loadSix(buffer + 48 * row, 8))
      let p = tile + rowStride * row
      if adding { y = (load(p) + y.0, load(p + 8) + y.1, load(p + 16) + y.2, load(p + 24) + y.3) }
      store(y.0, p)
      store(y.1, p + 8)
      store(y.2, p + 16)
      store(y.3, p + 24)
      row &+= 1
    }
  }

  /// A^T m A of 36 products: 3 x 3 gradients of weights, `tapStride` floats apart.
  @inline(__always)
  static func weightsGradient(products m: Floats, stride: Int, buffer: Floats, into taps: Floats, tapStride: Int) {
    var column = 0
    while column < 6 {
      let y = weightsGradient(loadSix(m + column * stride, 6 * stride))
      store(y.0, buffer + 8 * column)
      store(y.1, buffer + 8 * column + 48)
      store(y.2, buffer + 8 * column + 96)
      column &+= 1
    }
    var row = 0
    while row < 3 {
      let y = weightsGradient(loadSix(buffer + 48 * row, 8))
      let p = taps + 3 * tapStride * row
      store(y.0, p)
      store(y.1, p + tapStride)
      store(y.2, p + 2 * tapStride)
      row &+= 1
    }
  }
}
