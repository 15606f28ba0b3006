import Foundation

/// Random changes of an image's values that leave its pixels where they are: gamma, hue, blur, noise, in this order.
package struct RandomTones: Sendable, Equatable {
  /// Values are raised to a power uniform in the logarithm within this range; nil leaves them.
  package var gamma: ClosedRange<Double>?
  /// Hues are turned by an angle uniform in `± hue` full turns; at most 0.5.
  package var hue = 0.0
  /// Gaussian blur.
  package var blur: Spread?
  /// Normal noise, in steps of 8 bits.
  package var noise: Spread?

  /// Something of random strength that does not always happen.
  package struct Spread: Sendable, Equatable {
    /// The deviation is uniform within this range.
    package var deviation: ClosedRange<Double>
    /// The chance of it.
    package var probability: Double

    /// - Parameters:
    ///   - deviation: the range of the deviation.
    ///   - probability: the chance of it.
    package init(deviation: ClosedRange<Double>, probability: Double) {
      (self.deviation, self.probability) = (deviation, probability)
    }
  }

  /// Nothing changes.
  package init() {}

  /// Whether anything may change.
  package var isNeeded: Bool { gamma != nil || hue > 0 || blur != nil || noise != nil }

  /// The image with random changes.
  /// - Parameters:
  ///   - operations: further ones, between hue and blur; those that move pixels are left out.
  ///   - random: numbers for all but the noise.
  ///   - noiseRandom: numbers for the noise.
  package func applied(to image: RGBImage, operations: [ImageOperation] = [], random: ViewRandom, noiseRandom: ViewRandom) -> RGBImage {
    var result = image
    if let gamma { result = result.withGamma(exp(random.uniform(0, in: log(gamma.lowerBound)...log(gamma.upperBound)))) }
    if hue > 0 { result = result.withHue(turnedBy: random.uniform(1, in: -hue...hue)) }
    for operation in operations where operation.map(size: image.size) == nil { result = result.applying(operation) }
    if let blur, random.chance(2, blur.probability) { result = result.blurred(deviation: random.uniform(3, in: blur.deviation)) }
    if let noise, random.chance(4, noise.probability) {
      result = result.withNoise(deviation: random.uniform(5, in: noise.deviation), random: noiseRandom)
    }
    return result
  }
}
