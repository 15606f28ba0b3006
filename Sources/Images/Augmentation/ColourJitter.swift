/// Random brightness, contrast, saturation and hue in random order: torchvision's `ColorJitter` on Pillow's images.
package struct ColourJitter: Sendable, Equatable {
  /// Factors are uniform in `1 ± brightness`, never below 0.
  package var brightness: Double
  /// Factors are uniform in `1 ± contrast`, never below 0.
  package var contrast: Double
  /// Factors are uniform in `1 ± saturation`, never below 0.
  package var saturation: Double
  /// Turns are uniform in `± hue` full turns; at most 0.5.
  package var hue: Double

  /// One change, with what chance decided.
  package enum Change: Sendable, Equatable {
    /// Toward black.
    case brightness(Double)
    /// Toward the mean grey.
    case contrast(Double)
    /// Toward grey.
    case saturation(Double)
    /// Full turns of the hue.
    case hue(Double)
  }

  /// - Parameters: spreads about the unchanged image; 0 leaves one alone.
  package init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
    (self.brightness, self.contrast, self.saturation, self.hue) = (brightness, contrast, saturation, hue)
  }

  /// The changes for one view, in their order.
  package func changes(random: ViewRandom) -> [Change] {
    func factor(_ draw: Int, _ spread: Double) -> Double { random.uniform(draw, in: max(0, 1 - spread)...1 + spread) }
    return random.permutation(4, count: 4).compactMap { kind in
      switch kind {
      case 0: brightness > 0 ? .brightness(factor(0, brightness)) : nil
      case 1: contrast > 0 ? .contrast(factor(1, contrast)) : nil
      case 2: saturation > 0 ? .saturation(factor(2, saturation)) : nil
      default: hue > 0 ? .hue(random.uniform(3, in: -hue...hue)) : nil
      }
    }
  }
}

extension RGBImage {
  /// The image after one change.
  package func applying(_ change: ColourJitter.Change) -> RGBImage {
    switch change {
    case .brightness(let factor): withBrightness(factor)
    case .contrast(let factor): withContrast(factor)
    case .saturation(let factor): withSaturation(factor)
    case .hue(let turn): withHue(turnedBy: turn)
    }
  }
}
