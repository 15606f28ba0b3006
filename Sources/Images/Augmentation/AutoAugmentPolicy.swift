/// AutoAugment's policy for CIFAR-10 (Cubuk et al., CVPR 2019), in the form that Balanced Meta-Softmax and PaCo trained with.
///
/// One of 25 pairs is drawn for each view, uniformly; each of its two operations happens with its own probability, at a magnitude of 0 to
/// 9.
package enum AutoAugmentPolicy {
  /// What an operation is called in the policy, before its magnitude has a unit.
  package enum Kind: String, Sendable, CaseIterable {
    case shearX, shearY, translateX, translateY, rotate, autoContrast, invert, equalize, solarize, posterize, contrast, color, brightness
    case sharpness
  }

  /// One operation of a pair.
  package struct Entry: Sendable, Equatable {
    /// What it does.
    package var kind: Kind
    /// How likely it is.
    package var probability: Double
    /// How much, from 0 to 9.
    package var magnitude: Int

    init(_ kind: Kind, _ probability: Double, _ magnitude: Int) {
      (self.kind, self.probability, self.magnitude) = (kind, probability, magnitude)
    }
  }

  /// The 25 pairs.
  package static let pairs: [(first: Entry, second: Entry)] = [
    (Entry(.invert, 0.1, 7), Entry(.contrast, 0.2, 6)), (Entry(.rotate, 0.7, 2), Entry(.translateX, 0.3, 9)),
    (Entry(.sharpness, 0.8, 1), Entry(.sharpness, 0.9, 3)), (Entry(.shearY, 0.5, 8), Entry(.translateY, 0.7, 9)),
    (Entry(.autoContrast, 0.5, 8), Entry(.equalize, 0.9, 2)), (Entry(.shearY, 0.2, 7), Entry(.posterize, 0.3, 7)),
    (Entry(.color, 0.4, 3), Entry(.brightness, 0.6, 7)), (Entry(.sharpness, 0.3, 9), Entry(.brightness, 0.7, 9)),
    (Entry(.equalize, 0.6, 5), Entry(.equalize, 0.5, 1)), (Entry(.contrast, 0.6, 7), Entry(.sharpness, 0.6, 5)),
    (Entry(.color, 0.7, 7), Entry(.translateX, 0.5, 8)), (Entry(.equalize, 0.3, 7), Entry(.autoContrast, 0.4, 8)),
    (Entry(.translateY, 0.4, 3), Entry(.sharpness, 0.2, 6)), (Entry(.brightness, 0.9, 6), Entry(.color, 0.2, 8)),
    (Entry(.solarize, 0.5, 2), Entry(.invert, 0, 3)), (Entry(.equalize, 0.2, 0), Entry(.autoContrast, 0.6, 0)),
    (Entry(.equalize, 0.2, 8), Entry(.equalize, 0.6, 4)), (Entry(.color, 0.9, 9), Entry(.equalize, 0.6, 6)),
    (Entry(.autoContrast, 0.8, 4), Entry(.solarize, 0.2, 8)), (Entry(.brightness, 0.1, 3), Entry(.color, 0.7, 0)),
    (Entry(.solarize, 0.4, 5), Entry(.autoContrast, 0.9, 3)), (Entry(.translateY, 0.9, 9), Entry(.translateY, 0.7, 9)),
    (Entry(.autoContrast, 0.9, 2), Entry(.solarize, 0.8, 3)), (Entry(.equalize, 0.8, 8), Entry(.invert, 0.1, 3)),
    (Entry(.translateY, 0.7, 9), Entry(.autoContrast, 0.9, 1)),
  ]

  /// An operation with the unit of its magnitude.
  /// - Parameters:
  ///   - magnitude: from 0 to 9.
  ///   - isNegative: the sign, where magnitudes go both ways: slants, shifts, and factors below 1.
  package static func operation(_ kind: Kind, magnitude: Int, isNegative: Bool) -> ImageOperation {
    // Turns of this policy go one way.
    kind.operation(share: Double(magnitude) / 9, isNegative: kind == .rotate ? false : isNegative)
  }

  /// The operations for one view: none, one or two.
  package static func operations(random: ViewRandom) -> [ImageOperation] {
    let pair = pairs[random.integer(0, below: pairs.count)]
    return [pair.first, pair.second].enumerated().compactMap { place, entry in
      guard random.chance(1 + 2 * place, entry.probability) else { return nil }
      return operation(entry.kind, magnitude: entry.magnitude, isNegative: random.chance(2 + 2 * place, 0.5))
    }
  }
}

extension AutoAugmentPolicy.Kind {
  /// The operation at a share of its greatest magnitude.
  /// - Parameters:
  ///   - share: from 0 to 1.
  ///   - isNegative: the sign, where magnitudes go both ways: slants, shifts, turns, and factors below 1.
  package func operation(share: Double, isNegative: Bool) -> ImageOperation {
    let sign = isNegative ? -1.0 : 1.0
    switch self {
    case .shearX: return .shearX(sign * 0.3 * share)
    case .shearY: return .shearY(sign * 0.3 * share)
    case .translateX: return .translateX(sign * 150 / 331 * share)
    case .translateY: return .translateY(sign * 150 / 331 * share)
    case .rotate: return .rotate(sign * 30 * share)
    case .autoContrast: return .autoContrast
    case .invert: return .invert
    case .equalize: return .equalize
    case .solarize: return .solarize(256 - 256 * share)
    case .posterize: return .posterize(Int((8 - 4 * share).rounded(.toNearestOrEven)))
    case .contrast: return .contrast(1 + sign * 0.9 * share)
    case .color: return .color(1 + sign * 0.9 * share)
    case .brightness: return .brightness(1 + sign * 0.9 * share)
    case .sharpness: return .sharpness(1 + sign * 0.9 * share)
    }
  }
}
