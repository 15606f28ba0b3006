/// Operations drawn from a list, so that nobody has to set the strength of each: policies after AutoAugment.
package struct AugmentationPolicy: Sendable, Equatable {
  /// How operations are drawn.
  package enum Kind: String, Sendable, CaseIterable {
    /// Some operations of one strength (Cubuk et al., "RandAugment", NeurIPS 2020, arXiv:1909.13719).
    case randAugment
    /// One operation of a random strength (Müller and Hutter, "TrivialAugment", ICCV 2021, arXiv:2103.10158).
    case trivialAugment
    /// One of the 25 pairs that were found for CIFAR-10.
    case autoAugment
  }

  /// How operations are drawn.
  package var kind: Kind
  /// Operations of an image, one after the other; RandAugment's alone.
  package var operations: Int
  /// Their strength, from 0 to 10; RandAugment's alone.
  package var magnitude: Double
  /// The chance that an image is changed at all.
  package var probability: Double

  /// - Parameters:
  ///   - kind: how operations are drawn.
  ///   - operations: of an image, for RandAugment.
  ///   - magnitude: their strength, from 0 to 10, for RandAugment.
  ///   - probability: that an image is changed at all.
  package init(_ kind: Kind, operations: Int = 2, magnitude: Double = 9, probability: Double = 1) {
    (self.kind, self.operations, self.magnitude, self.probability) = (kind, operations, magnitude, probability)
  }

  /// What RandAugment and TrivialAugment choose from; beside these they may leave the image alone.
  package static let choices: [AutoAugmentPolicy.Kind] = [
    .shearX, .shearY, .translateX, .translateY, .rotate, .brightness, .color, .contrast, .sharpness, .posterize, .solarize, .autoContrast,
    .equalize,
  ]

  /// The operations for one image, in order; empty where it is left alone.
  package func operations(random: ViewRandom) -> [ImageOperation] {
    guard random.chance(0, probability) else { return [] }
    func operation(_ draw: Int, share: Double) -> ImageOperation? {
      let choice = random.integer(draw, below: AugmentationPolicy.choices.count + 1)
      guard choice < AugmentationPolicy.choices.count else { return nil }
      return AugmentationPolicy.choices[choice].operation(share: share, isNegative: random.chance(draw + 1, 0.5))
    }
    switch kind {
    case .randAugment: return (0..<operations).compactMap { operation(16 + 2 * $0, share: magnitude / 10) }
    case .trivialAugment: return [operation(16, share: random.uniform(1))].compactMap(\.self)
    case .autoAugment: return AutoAugmentPolicy.operations(random: random.after(64))
    }
  }
}

extension ImageOperation {
  /// Where the operation takes its pixels from, for one that moves them; nil for one that changes colours.
  package func map(size: ImageSize) -> PlaneMap? {
    switch self {
    case .shearX(let slope): .shear(x: slope)
    case .shearY(let slope): .shear(y: slope)
    case .translateX(let share): .translation(x: share * Double(size.width), y: 0)
    case .translateY(let share): .translation(x: 0, y: share * Double(size.height))
    case .rotate(let degrees): .rotation(degrees: degrees, centre: size.middle)
    default: nil
    }
  }
}

extension ImageSize {
  /// The point in the middle of an image.
  package var middle: SIMD2<Double> { SIMD2(Double(width), Double(height)) / 2 }
}
