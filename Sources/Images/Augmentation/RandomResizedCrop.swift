import Foundation

/// A rectangle of random area and shape, brought to a fixed size: torchvision's `RandomResizedCrop`.
///
/// Ten times an area (uniform) and a ratio of width to height (uniform in its logarithm) are drawn; the first rectangle that fits is taken,
/// at a uniform place. Where none fits it is the largest one in the middle whose ratio is allowed.
package struct RandomResizedCrop: Sendable, Equatable {
  /// Columns and rows of the result.
  package var size: ImageSize
  /// Shares of the image's area.
  package var area: ClosedRange<Double>
  /// Ratios of width to height.
  package var ratio: ClosedRange<Double>

  /// - Parameters:
  ///   - size: of the result.
  ///   - area: shares of the image's area, above 0 and at most 1.
  ///   - ratio: of width to height, above 0.
  package init(size: ImageSize, area: ClosedRange<Double> = 0.08...1, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3) {
    (self.size, self.area, self.ratio) = (size, area, ratio)
  }

  /// The rectangle: whole columns and rows of the image.
  package func box(in image: ImageSize, random: ViewRandom) -> PixelBox {
    let whole = Double(image.width * image.height)
    let logarithms = log(ratio.lowerBound)...log(ratio.upperBound)
    for attempt in 0..<10 {
      let wanted = whole * random.uniform(4 * attempt, in: area)
      let shape = exp(random.uniform(4 * attempt + 1, in: logarithms))
      let width = RandomResizedCrop.rounded((wanted * shape).squareRoot())
      let height = RandomResizedCrop.rounded((wanted / shape).squareRoot())
      guard width > 0, width <= image.width, height > 0, height <= image.height else { continue }
      let y = random.integer(4 * attempt + 2, below: image.height - height + 1)
      let x = random.integer(4 * attempt + 3, below: image.width - width + 1)
      return PixelBox(x: x..<x + width, y: y..<y + height)
    }
    return fallback(in: image)
  }

  /// The largest rectangle in the middle whose ratio is allowed.
  package func fallback(in image: ImageSize) -> PixelBox {
    let shape = Double(image.width) / Double(image.height)
    var (width, height) = (image.width, image.height)
    if shape < ratio.lowerBound {
      height = min(image.height, RandomResizedCrop.rounded(Double(width) / ratio.lowerBound))
    } else if shape > ratio.upperBound {
      width = min(image.width, RandomResizedCrop.rounded(Double(height) * ratio.upperBound))
    }
    let (x, y) = ((image.width - width) / 2, (image.height - height) / 2)
    return PixelBox(x: x..<x + width, y: y..<y + height)
  }

  /// Python's rounding: halves to even.
  private static func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
}

/// A random crop after a border was added: the recipe of CIFAR.
package struct PadAndCrop: Sendable, Equatable {
  /// Columns and rows of the result.
  package var size: ImageSize
  /// Pixels added on each side.
  package var padding: Int
  /// The colour of what is added.
  package var fill: RGBColour

  /// - Parameters:
  ///   - size: of the result.
  ///   - padding: pixels added on each side, not negative.
  ///   - fill: their colour.
  package init(size: ImageSize, padding: Int = 4, fill: RGBColour = .black) {
    (self.size, self.padding, self.fill) = (size, padding, fill)
  }

  /// The upper left corner of the crop in the image without border; negative inside the border. Where the padded image is smaller than the
  /// crop it lies in the middle.
  package func corner(in image: ImageSize, random: ViewRandom) -> (x: Int, y: Int) {
    func start(_ draw: Int, _ side: Int, _ wanted: Int) -> Int {
      let slack = side + 2 * padding - wanted
      return (slack >= 0 ? random.integer(draw, below: slack + 1) : slack / 2) - padding
    }
    return (start(0, image.width, size.width), start(1, image.height, size.height))
  }
}

extension RGBImage {
  /// A window of this size with its upper left corner at (x, y), which may lie outside; what is outside has one colour.
  package func window(x: Int, y: Int, size: ImageSize, fill: RGBColour) -> RGBImage {
    if x == 0 && y == 0 && size == self.size { return self }
    var result = RGBImage(width: size.width, height: size.height, fill: fill)
    result.paste(self, x: -x, y: -y)
    return result
  }
}
