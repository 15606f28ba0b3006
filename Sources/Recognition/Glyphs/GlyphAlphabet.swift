/// A stroke of a glyph: a quadratic Bézier curve; straight where its middle point lies between the ends.
struct GlyphStroke: Sendable, Equatable {
  var start: SIMD2<Float>
  var middle: SIMD2<Float>
  var end: SIMD2<Float>

  /// Points along the curve, the ends included.
  func points(_ count: Int) -> [SIMD2<Float>] {
    (0..<count).map { index in
      let t = Float(index) / Float(count - 1)
      return start * ((1 - t) * (1 - t)) + middle * (2 * t * (1 - t)) + end * (t * t)
    }
  }

  /// The curve with each of its points changed.
  func mapped(_ change: (SIMD2<Float>) -> SIMD2<Float>) -> GlyphStroke {
    GlyphStroke(start: change(start), middle: change(middle), end: change(end))
  }
}

/// The signs that the classes are: strokes on a square from -1 to 1, always the same ones.
///
/// Classes come in pairs that share all strokes but one, as far apart in the order of classes as can be: a rare sign has a frequent one
/// that looks much like it. That is what makes a network which follows the frequencies miss the rare one.
struct GlyphAlphabet: Sendable {
  /// Strokes of a sign.
  static let strokeCount = 4
  /// Steps from one point of the lattice to the next, along a side.
  private static let steps = 3

  /// The strokes of each class.
  let glyphs: [[GlyphStroke]]

  /// Draws up the signs of this many classes. The first ones are the same for every even number.
  init(classCount: Int) {
    let pairs = (classCount + 1) / 2
    var glyphs = [[GlyphStroke]](repeating: [], count: 2 * pairs)
    var shapes: [[Float]] = []
    for pair in 0..<pairs {
      var random = GlyphRandom(seed: 40, stream: 0, sample: pair)
      var drawn: (first: [GlyphStroke], second: [GlyphStroke])?
      // As unlike all others as a few dozen tries can make it.
      var best: Float = -1
      for _ in 0..<24 {
        let first = GlyphAlphabet.sign(&random)
        let second = Array(first.dropLast()) + [GlyphAlphabet.stroke(&random)]
        let (one, other) = (GlyphAlphabet.shape(first), GlyphAlphabet.shape(second))
        let between = GlyphAlphabet.distance(one, other)
        let others = shapes.map { min(GlyphAlphabet.distance(one, $0), GlyphAlphabet.distance(other, $0)) }.min() ?? between
        let score = min(2 * between, others)
        if score > best { (best, drawn) = (score, (first, second)) }
      }
      guard let drawn else { continue }
      shapes += [GlyphAlphabet.shape(drawn.first), GlyphAlphabet.shape(drawn.second)]
      (glyphs[pair], glyphs[pairs + pair]) = (drawn.first, drawn.second)
    }
    self.glyphs = Array(glyphs.prefix(classCount))
  }

  private static func sign(_ random: inout GlyphRandom) -> [GlyphStroke] { (0..<strokeCount).map { _ in stroke(&random) } }

  private static func stroke(_ random: inout GlyphRandom) -> GlyphStroke {
    func point(_ random: inout GlyphRandom) -> SIMD2<Float> {
      let lattice = SIMD2(Float(random.integer(below: steps + 1)), Float(random.integer(below: steps + 1)))
      return lattice * (2 / Float(steps)) - 1
    }
    let start = point(&random)
    var end = point(&random)
    while ((end - start) * (end - start)).sum() < 1 { end = point(&random) }
    let across = SIMD2(start.y - end.y, end.x - start.x)
    let bend: Float = [0, 0, 0.45, -0.45][random.integer(below: 4)]
    let middle = (start + end) / 2
    let bent = middle + across * bend
    // Curves bend inward where they would leave the square.
    let leaves = max(abs(bent.x), abs(bent.y)) > 1
    return GlyphStroke(start: start, middle: leaves ? middle - across * bend : bent, end: end)
  }

  /// The sign on a coarse raster, with wide, soft strokes: what stays the same when it is moved and slanted a little.
  private static func shape(_ strokes: [GlyphStroke]) -> [Float] {
    let side = 12
    let points = strokes.flatMap { $0.points(9) }
    return (0..<side * side).map { cell in
      let place = SIMD2(Float(cell % side) + 0.5, Float(cell / side) + 0.5) * (2.4 / Float(side)) - 1.2
      let nearest = points.map { (($0 - place) * ($0 - place)).sum() }.min() ?? 9
      return max(0, 1 - nearest / 0.16)
    }
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
