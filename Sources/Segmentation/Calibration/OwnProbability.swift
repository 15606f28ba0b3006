import Tensors

/// How sure a network is of each class where it is right to be, of images that are looked at several times: the mean over a class's pixels of
/// the probability that the views together give to it.
///
/// Whole numbers of 2^-30 are added, so that the sums are the same on any number of ranks. Cost: one number read a pixel.
struct OwnProbability: Sendable, Equatable {
  /// Sums of probabilities in units of 2^-30, then numbers of pixels, by class.
  private(set) var numbers: [Int64]
  private var classes: Int { numbers.count / 2 }

  private static let unit: Float = 0x1p30

  /// Nothing counted yet.
  init(classes: Int) { numbers = [Int64](repeating: 0, count: 2 * classes) }

  /// Sums over ranks.
  init(numbers: [Int64]) { self.numbers = numbers }

  /// Adds the pixels of an image; those with a negative label are left out.
  mutating func add(_ map: ProbabilityMap, labels: [Int32]) {
    let plane = map.size.width * map.size.height
    for pixel in 0..<min(plane, labels.count) where labels[pixel] >= 0 && Int(labels[pixel]) < classes {
      let label = Int(labels[pixel])
      let probability = map.values[label * plane + pixel]
      guard probability.isFinite else { continue }
      numbers[label] += Int64((probability * OwnProbability.unit).rounded())
      numbers[classes + label] += 1
    }
  }

  /// The mean of a class; nil without pixels.
  func mean(ofClass k: Int) -> Double? {
    let count = numbers[classes + k]
    return count > 0 ? Double(numbers[k]) / Double(OwnProbability.unit) / Double(count) : nil
  }
}
