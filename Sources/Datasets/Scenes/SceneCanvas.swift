import Images

/// Where a scene is drawn: two by two points for each pixel, with a colour and a class.
struct SceneCanvas {
  /// Points a pixel, along each axis.
  static let density = 2

  /// Points in a row.
  let width: Int
  /// Rows of points.
  let height: Int
  var colours: [SIMD3<Float>]
  var classes: [UInt8]
  /// The thing that each point shows, from 1 on, 0 for none; empty where nobody asks.
  var owners: [UInt16] = []
  /// Points of each thing that were drawn, also those that others hide now; the first number is of no thing.
  var drawn: [Int] = []
  /// The thing that is being drawn.
  var owner: UInt16 = 0

  /// An empty canvas for an image of this size.
  init(imageWidth: Int, imageHeight: Int) {
    width = imageWidth * SceneCanvas.density
    height = imageHeight * SceneCanvas.density
    colours = [SIMD3<Float>](repeating: .zero, count: width * height)
    classes = [UInt8](repeating: SceneClass.none, count: width * height)
  }

  /// Colours a point and gives it a class.
  @inline(__always)
  mutating func put(_ x: Int, _ y: Int, _ colour: SIMD3<Float>, _ label: UInt8) {
    if x < 0 || y < 0 || x >= width || y >= height { return }
    colours[y &* width &+ x] = colour
    classes[y &* width &+ x] = label
  }

  /// Whether nothing is drawn at a point of the canvas yet.
  @inline(__always)
  func isEmpty(_ x: Int, _ y: Int) -> Bool { classes[y &* width &+ x] == SceneClass.none }

  /// Mixes a colour over a point and gives it a class.
  @inline(__always)
  mutating func blend(_ x: Int, _ y: Int, _ colour: SIMD3<Float>, _ opacity: Float, _ label: UInt8) {
    if x < 0 || y < 0 || x >= width || y >= height { return }
    let index = y &* width &+ x
    colours[index] = colours[index] * (1 - opacity) + colour * opacity
    classes[index] = label
    if !owners.isEmpty { own(index, label) }
  }

  /// Notes which thing a point shows. What holds a sign up is not the sign.
  private mutating func own(_ index: Int, _ label: UInt8) {
    let isPole = label == SceneClass.pole
    owners[index] = isPole ? 0 : owner
    if !isPole { drawn[Int(owner)] += 1 }
  }

  /// The columns of points between two positions, within the canvas.
  func columns(_ left: Float, _ right: Float) -> Range<Int> { SceneCanvas.span(left, right, width) }

  /// The rows of points between two positions, within the canvas.
  func rows(_ top: Float, _ bottom: Float) -> Range<Int> { SceneCanvas.span(top, bottom, height) }

  private static func span(_ low: Float, _ high: Float, _ limit: Int) -> Range<Int> {
    let first = Int(max(0, min(Float(limit), low.rounded(.up))))
    let last = Int(max(0, min(Float(limit), high.rounded(.up))))
    return first..<max(first, last)
  }

  /// How the camera turns light into numbers.
  struct Exposure {
    /// Factor of each channel.
    var gain: SIMD3<Float>
    /// Added to each channel.
    var lift: Float
    /// Half the width of the noise.
    var noise: Float
    /// How much darker the corners are.
    var vignette: Float
    /// Key of the noise.
    var key: UInt32
  }

  /// The image, averaged over the points of each pixel, and the class of the majority of them.
  func developed(_ exposure: Exposure) -> Sample {
    let density = SceneCanvas.density
    let imageWidth = width / density
    let imageHeight = height / density
    var image = RGBImage(width: imageWidth, height: imageHeight)
    var labels = LabelImage(width: imageWidth, height: imageHeight)
    let keys = SIMD4(exposure.key, exposure.key &+ 9, exposure.key &+ 17, 0)
    for y in 0..<imageHeight {
      for x in 0..<imageWidth {
        let a = 2 * y * width + 2 * x
        let b = a + width
        var colour = (colours[a] + colours[a + 1] + colours[b] + colours[b + 1]) * 0.25
        let dx = (Float(x) + 0.5) / Float(imageWidth) - 0.5
        let dy = (Float(y) + 0.5) / Float(imageHeight) - 0.5
        colour *= exposure.gain * (1 - exposure.vignette * (dx * dx + dy * dy))
        colour += exposure.lift
        let noise = SceneNoise.cells(Int32(x), Int32(y), keys)
        let grain = noise.x + noise.y - 1
        let tint = noise.z - 0.5
        colour += SIMD3(grain + 0.4 * tint, grain, grain - 0.4 * tint) * exposure.noise
        let clamped = pointwiseMin(pointwiseMax(colour, SIMD3.zero), SIMD3.one) * 255 + 0.5
        let index = y * imageWidth + x
        image.pixels[3 * index] = UInt8(clamped.x)
        image.pixels[3 * index + 1] = UInt8(clamped.y)
        image.pixels[3 * index + 2] = UInt8(clamped.z)
        labels.labels[index] = SceneCanvas.majority(classes[a], classes[a + 1], classes[b], classes[b + 1])
      }
    }
    return Sample(image: image, labels: labels)
  }

  private static func majority(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> UInt8 {
    if a == b || a == c || a == d { return b == c && c == d ? b : a }
    if b == c || b == d { return b }
    if c == d { return c }
    return a
  }
}
