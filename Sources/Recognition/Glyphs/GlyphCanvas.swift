import Images

/// Where a glyph is drawn: one colour a pixel, on a square from -1 to 1 with a margin.
struct GlyphCanvas {
  /// Columns and rows.
  let side: Int
  /// From the square's middle to the edge of the canvas.
  private static let reach: Float = 1.25

  private var colours: [SIMD3<Float>]

  /// A canvas on which nothing is drawn.
  init(side: Int) {
    self.side = side
    colours = [SIMD3<Float>](repeating: .zero, count: side * side)
  }

  /// The width of a pixel.
  private var pixel: Float { 2 * GlyphCanvas.reach / Float(side) }

  private func place(_ x: Int, _ y: Int) -> SIMD2<Float> { SIMD2(Float(x) + 0.5, Float(y) + 0.5) * pixel - GlyphCanvas.reach }

  /// Gives every pixel the colour that a function of its place has.
  mutating func paint(_ colour: (SIMD2<Float>) -> SIMD3<Float>) {
    for y in 0..<side { for x in 0..<side { colours[y * side + x] = colour(place(x, y)) } }
  }

  /// Draws a line through points, with soft edges a pixel wide.
  mutating func draw(_ points: [SIMD2<Float>], radius: Float, colour: SIMD3<Float>) {
    let margin = radius + pixel
    for y in 0..<side {
      for x in 0..<side {
        let here = place(x, y)
        var nearest = Float.greatestFiniteMagnitude
        for (a, b) in zip(points, points.dropFirst()) {
          let low = pointwiseMin(a, b) - margin
          let high = pointwiseMax(a, b) + margin
          if here.x < low.x || here.y < low.y || here.x > high.x || here.y > high.y { continue }
          let line = b - a
          let square = max(1e-9, (line * line).sum())
          let t = min(1, max(0, ((here - a) * line).sum() / square))
          let apart = here - (a + line * t)
          nearest = min(nearest, (apart * apart).sum())
        }
        guard nearest < margin * margin else { continue }
        let cover = min(1, max(0, 0.5 + (radius - nearest.squareRoot()) / pixel))
        colours[y * side + x] += (colour - colours[y * side + x]) * cover
      }
    }
  }

  /// Fills a rectangle, given by its middle and half its sides.
  mutating func cover(middle: SIMD2<Float>, half: SIMD2<Float>, colour: SIMD3<Float>) {
    for y in 0..<side {
      for x in 0..<side {
        let apart = place(x, y) - middle
        if abs(apart.x) <= half.x && abs(apart.y) <= half.y { colours[y * side + x] = colour }
      }
    }
  }

  /// The image, each channel disturbed by noise.
  mutating func developed(noise: Float, _ random: inout GlyphRandom) -> RGBImage {
    var image = RGBImage(width: side, height: side)
    for index in colours.indices {
      // The sum of two uniform numbers is peaked enough.
      let grain = SIMD3(random.around(1) + random.around(1), random.around(1) + random.around(1), random.around(1) + random.around(1))
      let value = colours[index] + grain * noise
      let bytes = pointwiseMin(pointwiseMax(value, SIMD3.zero), SIMD3.one) * 255 + 0.5
      image.pixels[3 * index] = UInt8(bytes.x)
      image.pixels[3 * index + 1] = UInt8(bytes.y)
      image.pixels[3 * index + 2] = UInt8(bytes.z)
    }
    return image
  }
}
