import Images

/// How much glyphs differ from one image to the next, and what disturbs them. Lengths are those of the square from -1 to 1.
struct GlyphVariation: Sendable {
  /// Columns and rows of an image.
  var side = 32
  /// The tangent of half the largest turn: 0.22 is 25 degrees.
  var turn: Float = 0.22
  /// Factors of width and height, apart from each other.
  var scale: ClosedRange<Float> = 0.62...1.05
  /// The largest slant.
  var slant: Float = 0.3
  /// The largest shift along each axis.
  var shift: Float = 0.24
  /// How far each point of a stroke may lie from where it belongs.
  var wobble: Float = 0.11
  /// Half the width of a stroke.
  var radius: ClosedRange<Float> = 0.055...0.13
  /// How much darker the ink is than the paper, or lighter.
  var contrast: ClosedRange<Float> = 0.3...0.7
  /// How likely the ink is lighter than the paper.
  var negative: Float = 0.25
  /// Strokes that belong to no sign: at least and at most.
  var clutter = 1...4
  /// How likely something lies over the sign.
  var occlusion: Float = 0.5
  /// Half the sides of what lies over it.
  var occluder: ClosedRange<Float> = 0.15...0.42
  /// The noise of each channel.
  var noise: ClosedRange<Float> = 0.02...0.07
}

/// Draws images of glyphs.
struct GlyphPainter: Sendable {
  let alphabet: GlyphAlphabet
  let variation: GlyphVariation

  /// An image of a class.
  func image(of label: Int, random: inout GlyphRandom) -> RGBImage {
    var canvas = GlyphCanvas(side: variation.side)
    let contrast = random.within(variation.contrast)
    let dark = random.within(0.05...0.95 - contrast)
    let (light, ink) = random.chance(variation.negative) ? (dark, dark + contrast) : (dark + contrast, dark)
    let paper = random.colour(light: light, tint: 0.15)
    let slope = SIMD2(random.around(0.12), random.around(0.12))
    canvas.paint { paper + (($0 * slope).sum()) }
    let strokeCount = random.integer(below: variation.clutter.count) + variation.clutter.lowerBound
    let under = random.integer(below: strokeCount + 1)
    for _ in 0..<under { clutter(&canvas, ink: ink, light: light, &random) }
    let map = placement(&random)
    let colour = random.colour(light: ink, tint: 0.12)
    let radius = random.within(variation.radius)
    for stroke in alphabet.glyphs[label] {
      let shaken = stroke.mapped { map($0 + SIMD2(random.around(variation.wobble), random.around(variation.wobble))) }
      canvas.draw(shaken.points(8), radius: radius, colour: colour)
    }
    for _ in under..<strokeCount { clutter(&canvas, ink: ink, light: light, &random) }
    if random.chance(variation.occlusion) {
      canvas.cover(
        middle: SIMD2(random.around(0.9), random.around(0.9)),
        half: SIMD2(random.within(variation.occluder), random.within(variation.occluder)),
        colour: random.colour(light: random.within(0.1...0.9), tint: 0.2))
    }
    let noise = random.within(variation.noise)
    return canvas.developed(noise: noise, &random)
  }

  /// A random affine map.
  private func placement(_ random: inout GlyphRandom) -> (SIMD2<Float>) -> SIMD2<Float> {
    let t = random.around(variation.turn)
    let (cosine, sine) = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
    let scale = SIMD2(random.within(variation.scale), random.within(variation.scale))
    let slant = random.around(variation.slant)
    let shift = SIMD2(random.around(variation.shift), random.around(variation.shift))
    return { point in
      let slanted = SIMD2(point.x + slant * point.y, point.y) * scale
      return SIMD2(cosine * slanted.x - sine * slanted.y, sine * slanted.x + cosine * slanted.y) + shift
    }
  }

  /// A short line of any light between paper and ink.
  private func clutter(_ canvas: inout GlyphCanvas, ink: Float, light: Float, _ random: inout GlyphRandom) {
    let start = SIMD2(random.around(1.2), random.around(1.2))
    let end = start + SIMD2(random.around(0.8), random.around(0.8))
    let middle = (start + end) / 2 + SIMD2(random.around(0.3), random.around(0.3))
    let shade = light + (ink - light) * random.within(0.3...1.1)
    canvas.draw(
      GlyphStroke(start: start, middle: middle, end: end).points(6), radius: random.within(variation.radius),
      colour: random.colour(light: shade, tint: 0.15))
  }
}
