/// The operations of AutoAugment's search space on images of 8 bits, each with its magnitude in its own unit. Pillow's definitions.
package enum ImageOperation: Sendable, Equatable {
  /// Slants by this many columns a row; cubic.
  case shearX(Double)
  /// Slants by this many rows a column; cubic.
  case shearY(Double)
  /// Moves by a share of the width, to the left where it is positive.
  case translateX(Double)
  /// Moves by a share of the height, up where it is positive.
  case translateY(Double)
  /// Turns by degrees, counter-clockwise.
  case rotate(Double)
  /// Stretches each channel to the whole range.
  case autoContrast
  /// The negative.
  case invert
  /// Spreads the values of each channel.
  case equalize
  /// Inverts values from a threshold on.
  case solarize(Double)
  /// Keeps the highest bits.
  case posterize(Int)
  /// Away from the mean grey.
  case contrast(Double)
  /// Away from grey.
  case color(Double)
  /// Away from black.
  case brightness(Double)
  /// Away from the smoothed image.
  case sharpness(Double)
}

extension RGBImage {
  /// The colour of what operations move in from outside.
  package static let operationFill = RGBColour(128, 128, 128)

  /// The image after an operation, of the same size.
  package func applying(_ operation: ImageOperation) -> RGBImage {
    let fill = RGBImage.operationFill
    switch operation {
    case .shearX(let slope): return warped(by: .shear(x: slope), interpolation: .bicubic, fill: fill)
    case .shearY(let slope): return warped(by: .shear(y: slope), interpolation: .bicubic, fill: fill)
    case .translateX(let share): return warped(by: .translation(x: share * Double(width), y: 0), interpolation: .nearest, fill: fill)
    case .translateY(let share): return warped(by: .translation(x: 0, y: share * Double(height)), interpolation: .nearest, fill: fill)
    case .rotate(let degrees): return rotated(degrees: degrees, fill: fill)
    case .autoContrast: return withAutomaticContrast
    case .invert: return inverted
    case .equalize: return equalized
    case .solarize(let threshold): return solarized(from: threshold)
    case .posterize(let bits): return posterized(bits: bits)
    case .contrast(let factor): return withContrast(factor)
    case .color(let factor): return withSaturation(factor)
    case .brightness(let factor): return withBrightness(factor)
    case .sharpness(let factor): return withSharpness(factor)
    }
  }
}
